using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>Machines: unique by name in their app, changed one after the other, guarded by leases.</summary>
internal sealed class MachineEndpoints(ResourceStore store, FlyVendor vendor, MachineRuns runs)
{
    private const string Prefix = "/fly/v1/apps/{app}/machines";
    private const int LongestWaitSeconds = 60;
    private static readonly TimeSpan WaitPoll = TimeSpan.FromMilliseconds(250);

    public static string? MountedVolume(JsonNode? config) => (string?)(config?["mounts"] as JsonArray)?.FirstOrDefault()?["volume"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "ListMachines", "GET", Prefix, ListAsync);
        routes.MapOperation(vendor, "CreateMachine", "POST", Prefix, CreateAsync);
        routes.MapOperation(vendor, "GetMachine", "GET", $"{Prefix}/{{machine}}", GetAsync);
        routes.MapOperation(vendor, "UpdateMachine", "POST", $"{Prefix}/{{machine}}", UpdateAsync);
        routes.MapOperation(vendor, "DeleteMachine", "DELETE", $"{Prefix}/{{machine}}", DeleteAsync);
        routes.MapOperation(vendor, "StartMachine", "POST", $"{Prefix}/{{machine}}/start", StartAsync);
        routes.MapOperation(vendor, "StopMachine", "POST", $"{Prefix}/{{machine}}/stop", StopAsync);
        routes.MapOperation(vendor, "CordonMachine", "POST", $"{Prefix}/{{machine}}/cordon", call => CordonAsync(call, true));
        routes.MapOperation(vendor, "UncordonMachine", "POST", $"{Prefix}/{{machine}}/uncordon", call => CordonAsync(call, false));
        routes.MapOperation(vendor, "WaitMachine", "GET", $"{Prefix}/{{machine}}/wait", WaitAsync);
        routes.MapOperation(
            vendor, "CreateLease", "POST", $"{Prefix}/{{machine}}/lease", CreateLeaseAsync, StatusCodes.Status201Created);
        routes.MapOperation(vendor, "ReleaseLease", "DELETE", $"{Prefix}/{{machine}}/lease", ReleaseLeaseAsync);
    }

    private static Refusal Invalid(string message) => new(StatusCodes.Status400BadRequest, "unknown", $"invalid_argument: {message}");

    private static JsonObject Ok() => new() { ["ok"] = true };

    private static JsonObject? HeldLease(Resource machine) =>
        machine.Body["_lease"] is JsonObject lease
        && (long)lease["expires_at"]! > DateTimeOffset.UtcNow.ToUnixTimeSeconds()
            ? lease
            : null;

    private static void RequireLease(Call call, Resource machine)
    {
        if (HeldLease(machine) is { } lease && (string?)lease["nonce"] != call.Header("fly-machine-lease-nonce"))
        {
            throw new Refusal(
                StatusCodes.Status409Conflict, "unknown", $"failed to obtain lease: lease currently held by {lease["owner"]}");
        }
    }

    private static JsonObject Grant(Resource machine, int seconds, string? description)
    {
        var lease = new JsonObject
        {
            ["nonce"] = FlyIds.Nonce(),
            ["expires_at"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + seconds,
            ["owner"] = "webhost@tokens.fly.io",
            ["description"] = description ?? "",
            ["version"] = FlyIds.Ulid(),
        };
        machine.Body["_lease"] = lease;
        return lease;
    }

    private static void CheckSecretsVersion(Resource app, JsonObject body)
    {
        if ((long?)body["min_secrets_version"] is { } version && version > (long)app.Body["_secrets_version"]!)
        {
            throw new Refusal(
                StatusCodes.Status412PreconditionFailed, "unknown", $"failed_precondition: secrets version {version} does not exist yet");
        }
    }

    private Task<JsonNode?> ListAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var app = await session.AppAsync(call.Route("app"));
        var machines = await session.ListAsync(FlyKinds.Machine, app.Id);
        return new JsonArray([.. machines
            .Where(machine => machine.Text("state") != "destroyed" || call.Query("include_deleted") == "true")
            .Select(machine => (JsonNode)machine.Shown())]);
    });

    private Task<JsonNode?> GetAsync(Call call) => store.ReadAsync<JsonNode?>(
        async session => (await session.MachineAsync(call.Route("app"), call.Route("machine"))).Shown());

    private async Task<JsonNode?> CreateAsync(Call call)
    {
        var body = await call.JsonAsync();
        var (machine, shown) = await store.ChangeAsync(FlyKinds.Scope(call.Route("app")), async session =>
        {
            var app = await session.AppAsync(call.Route("app"));
            var config = body["config"] as JsonObject ?? throw Invalid("config is required");
            if ((string?)config["image"] is not { Length: > 0 })
            {
                throw Invalid("config.image is required");
            }

            CheckSecretsVersion(app, body);
            var id = FlyIds.Machine();
            var name = (string?)body["name"] ?? $"machine-{id}";
            var present = await session.ListAsync(FlyKinds.Machine, app.Id);
            if (present.FirstOrDefault(other => other.Name == name && other.Text("state") != "destroyed") is { } holder)
            {
                throw new Refusal(
                    StatusCodes.Status409Conflict,
                    "unknown",
                    $"already_exists: unique machine name violation, machine ID {holder.Id} already exists with name \"{name}\"");
            }

            var region = (string?)body["region"] ?? "iad";
            if (MountedVolume(config) is { } volumeId)
            {
                await AttachAsync(session, app.Id, volumeId, region, id);
            }

            var launch = (bool?)body["skip_launch"] != true;
            var made = new Resource(FlyKinds.Machine, id, app.Id, name, new JsonObject
            {
                ["id"] = id,
                ["name"] = name,
                ["state"] = "created",
                ["region"] = region,
                ["instance_id"] = FlyIds.Ulid(),
                ["private_ip"] = $"fdaa:0:{await session.NextNumberAsync():x}:a7b:1::2",
                ["config"] = config.DeepClone(),
                ["created_at"] = FlyKinds.Now(),
                ["updated_at"] = FlyKinds.Now(),
                ["cordoned"] = (bool?)body["skip_service_registration"] == true,
                ["_target"] = launch ? "started" : null,
            });
            var lease = (int?)body["lease_ttl"] is { } ttl ? Grant(made, ttl, null) : null;
            await session.PutAsync(made);
            if (app.Text("status") == "pending")
            {
                app.Body["status"] = "deployed";
                await session.PutAsync(app);
            }

            var answer = made.Shown();
            answer["nonce"] = lease is null ? null : (string?)lease["nonce"];
            return (made, answer);
        });
        if (MachineRuns.IsUnderWay(machine))
        {
            runs.Start(machine);
        }

        return shown;
    }

    private static async Task AttachAsync(ResourceSession session, string app, string volumeId, string region, string machine)
    {
        var volume = await session.FindAsync(FlyKinds.Volume, volumeId);
        if (volume is null || volume.Parent != app)
        {
            throw Invalid($"volume {volumeId} not found");
        }

        if (volume.Text("region") != region)
        {
            throw Invalid($"volume {volumeId} is in region {volume.Text("region")}, not in {region}");
        }

        if (volume.Text("attached_machine_id") is { } other)
        {
            throw new Refusal(
                StatusCodes.Status412PreconditionFailed, "unknown", $"failed_precondition: volume is already attached to machine: {other}");
        }

        volume.Body["attached_machine_id"] = machine;
        await session.PutAsync(volume);
    }

    private async Task<JsonNode?> UpdateAsync(Call call)
    {
        var body = await call.JsonAsync();
        return (await ChangeAsync(call, async (session, machine) =>
        {
            var config = body["config"] as JsonObject ?? throw Invalid("config is required");
            if ((string?)body["current_version"] is { } version && version != machine.Text("instance_id"))
            {
                throw new Refusal(
                    StatusCodes.Status412PreconditionFailed,
                    "unknown",
                    $"failed_precondition: current_version {version} is not the machine's version {machine.Text("instance_id")}");
            }

            if (MountedVolume(config) != MountedVolume(machine.Body["config"]))
            {
                throw Invalid("a machine's volume cannot be changed");
            }

            CheckSecretsVersion(await session.AppAsync(machine.Parent), body);
            machine.Body["config"] = config.DeepClone();
            machine.Body["instance_id"] = FlyIds.Ulid();
            machine.Body["state"] = "replacing";
            machine.Body["_target"] = "started";
        })).Shown();
    }

    private async Task<JsonNode?> DeleteAsync(Call call)
    {
        await ChangeAsync(call, (_, machine) =>
        {
            if (call.Query("force") != "true" && machine.Text("state") is not ("stopped" or "suspended" or "failed" or "created"))
            {
                throw new Refusal(
                    StatusCodes.Status412PreconditionFailed, "unknown", $"failed_precondition: unable to destroy machine, not currently stopped");
            }

            machine.Body["state"] = "destroying";
            machine.Body["_target"] = "destroyed";
            return Task.CompletedTask;
        });
        return Ok();
    }

    private async Task<JsonNode?> StartAsync(Call call)
    {
        var previous = "";
        await ChangeAsync(call, (_, machine) =>
        {
            previous = machine.Text("state")!;
            if (previous is "stopped" or "suspended" or "created" or "failed")
            {
                machine.Body["state"] = "starting";
                machine.Body["_target"] = "started";
            }

            return Task.CompletedTask;
        });
        return new JsonObject { ["previous_state"] = previous };
    }

    private async Task<JsonNode?> StopAsync(Call call)
    {
        await ChangeAsync(call, (_, machine) =>
        {
            if (machine.Text("state") is not "stopped")
            {
                machine.Body["state"] = "stopping";
                machine.Body["_target"] = "stopped";
            }

            return Task.CompletedTask;
        });
        return Ok();
    }

    private async Task<JsonNode?> CordonAsync(Call call, bool cordoned)
    {
        await ChangeAsync(call, (_, machine) =>
        {
            machine.Body["cordoned"] = cordoned;
            return Task.CompletedTask;
        });
        return Ok();
    }

    private async Task<Resource> ChangeAsync(Call call, Func<ResourceSession, Resource, Task> change)
    {
        var changed = await store.ChangeAsync(FlyKinds.Scope(call.Route("app")), async session =>
        {
            var machine = await session.MachineAsync(call.Route("app"), call.Route("machine"));
            if (machine.Text("state") is "destroyed" or "destroying")
            {
                throw new Refusal(StatusCodes.Status404NotFound, "unknown", "machine not found");
            }

            RequireLease(call, machine);
            await change(session, machine);
            await session.PutAsync(machine);
            return machine;
        });
        if (MachineRuns.IsUnderWay(changed))
        {
            runs.Start(changed);
        }

        return changed;
    }

    private async Task<JsonNode?> WaitAsync(Call call)
    {
        var wanted = call.Query("state") ?? "started";
        if (!int.TryParse(call.Query("timeout") ?? "60", out var seconds) || seconds is < 1 or > LongestWaitSeconds)
        {
            throw Invalid($"timeout must be 1 to {LongestWaitSeconds} seconds");
        }

        var version = call.Query("version") ?? call.Query("instance_id");
        if (wanted == "stopped" && version is null)
        {
            throw Invalid("waiting for stopped needs a version");
        }

        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            // Taken before the look, so that no change falls in between.
            var changed = runs.Changed;
            var machine = await store.ReadAsync(session => session.MachineAsync(call.Route("app"), call.Route("machine")));
            var state = machine.Text("state");
            if (state == wanted && (version is null || string.CompareOrdinal(machine.Text("instance_id"), version) >= 0))
            {
                return new JsonObject { ["ok"] = true, ["state"] = state, ["version"] = machine.Text("instance_id") };
            }

            if (DateTime.UtcNow >= deadline || state is "failed" or "destroyed")
            {
                throw new Refusal(
                    StatusCodes.Status408RequestTimeout,
                    "unknown",
                    $"deadline_exceeded: machine failed to reach desired state, {wanted}, currently {state}");
            }

            await Task.WhenAny(changed, Task.Delay(WaitPoll, call.Aborted));
            call.Aborted.ThrowIfCancellationRequested();
        }
    }

    private async Task<JsonNode?> CreateLeaseAsync(Call call)
    {
        var body = await call.JsonAsync();
        var seconds = (int?)body["ttl"] ?? (int.TryParse(call.Query("ttl"), out var ttl) ? ttl : 30);
        JsonObject? lease = null;
        await ChangeAsync(call, (_, machine) =>
        {
            lease = Grant(machine, seconds, (string?)body["description"]);
            return Task.CompletedTask;
        });
        return new JsonObject { ["status"] = "success", ["data"] = lease!.DeepClone() };
    }

    private async Task<JsonNode?> ReleaseLeaseAsync(Call call)
    {
        await ChangeAsync(call, (_, machine) =>
        {
            if (HeldLease(machine) is null)
            {
                throw new Refusal(StatusCodes.Status404NotFound, "unknown", "lease not found");
            }

            machine.Body.Remove("_lease");
            return Task.CompletedTask;
        });
        return Ok();
    }
}
