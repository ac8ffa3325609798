using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>Apps, their addresses and secrets.</summary>
internal sealed partial class AppEndpoints(ResourceStore store, FlyVendor vendor, FlyDatabases databases)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "ListApps", "GET", "/fly/v1/apps", ListAsync);
        routes.MapOperation(vendor, "CreateApp", "POST", "/fly/v1/apps", CreateAsync, StatusCodes.Status201Created);
        routes.MapOperation(vendor, "ShowApp", "GET", "/fly/v1/apps/{app}", ShowAsync);
        routes.MapOperation(vendor, "DeleteApp", "DELETE", "/fly/v1/apps/{app}", DeleteAsync, StatusCodes.Status202Accepted);
        routes.MapOperation(vendor, "ListIpAssignments", "GET", "/fly/v1/apps/{app}/ip_assignments", ListIpsAsync);
        routes.MapOperation(vendor, "AssignIp", "POST", "/fly/v1/apps/{app}/ip_assignments", AssignIpAsync);
        routes.MapOperation(vendor, "ListSecrets", "GET", "/fly/v1/apps/{app}/secrets", ListSecretsAsync);
        routes.MapOperation(vendor, "UpdateSecrets", "POST", "/fly/v1/apps/{app}/secrets", UpdateSecretsAsync);
    }

    /// <summary>Makes an app of any organization, as its own user would.</summary>
    public static async Task<Resource> AddAsync(ResourceSession session, string name, string organization, string? network)
    {
        if (!AppName().IsMatch(name))
        {
            throw new Refusal(
                StatusCodes.Status422UnprocessableEntity, "unknown", "Validation failed: Name must use only a-z, 0-9 and dashes");
        }

        // One namespace for everybody.
        if (await session.FindAsync(FlyKinds.App, name) is not null)
        {
            throw new Refusal(StatusCodes.Status422UnprocessableEntity, "name_taken", "Validation failed: Name has already been taken");
        }

        var app = new Resource(FlyKinds.App, name, organization, name, new JsonObject
        {
            ["id"] = RandomNumberGenerator.GetHexString(13, lowercase: true),
            ["internal_numeric_id"] = await session.NextNumberAsync(),
            ["name"] = name,
            ["network"] = network ?? "default",
            ["status"] = "pending",
            ["organization"] = new JsonObject { ["name"] = organization, ["slug"] = organization },
            ["_secrets"] = new JsonObject(),
            ["_secrets_version"] = 0,
        });
        await session.PutAsync(app);
        return app;
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$")]
    private static partial Regex AppName();

    private static async Task<JsonObject> ShowAsync(ResourceSession session, Resource app)
    {
        var shown = app.Shown();
        shown["machine_count"] = (await session.ListAsync(FlyKinds.Machine, app.Id)).Count;
        shown["volume_count"] = (await session.ListAsync(FlyKinds.Volume, app.Id)).Count;
        return shown;
    }

    private static JsonArray SecretsOf(JsonObject secrets) => new([.. secrets.Select(secret => (JsonNode)new JsonObject
    {
        ["name"] = secret.Key,
        ["digest"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes((string)secret.Value!)))[..16],
    })]);

    private Task<JsonNode?> ListAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var organization = call.Query("org_slug")
            ?? throw new Refusal(StatusCodes.Status400BadRequest, "unknown", "org_slug is required");
        var apps = new JsonArray();
        foreach (var app in await session.ListAsync(FlyKinds.App, organization))
        {
            apps.Add((JsonNode)await ShowAsync(session, app));
        }

        return new JsonObject { ["total_apps"] = apps.Count, ["apps"] = apps };
    });

    private async Task<JsonNode?> CreateAsync(Call call)
    {
        var body = await call.JsonAsync();
        if ((string?)body["name"] is not { Length: > 0 } name || (string?)body["org_slug"] is not { Length: > 0 } organization)
        {
            throw new Refusal(StatusCodes.Status400BadRequest, "unknown", "name and org_slug are required");
        }

        var app = await store.ChangeAsync(
            FlyKinds.Scope(name), session => AddAsync(session, name, organization, (string?)body["network"]));
        return new JsonObject { ["id"] = app.Text("id"), ["created_at"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
    }

    private Task<JsonNode?> ShowAsync(Call call) => store.ReadAsync<JsonNode?>(
        async session => await ShowAsync(session, await session.AppAsync(call.Route("app"))));

    private Task<JsonNode?> DeleteAsync(Call call) => store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
    {
        var app = await session.AppAsync(call.Route("app"));
        var machines = await session.ListAsync(FlyKinds.Machine, app.Id);
        if (call.Query("force") != "true" && machines.Any(machine => machine.Text("state") == "started"))
        {
            throw new Refusal(
                StatusCodes.Status412PreconditionFailed, "unknown", "failed_precondition: app still has running machines");
        }

        foreach (var kind in (string[])[FlyKinds.Machine, FlyKinds.Volume, FlyKinds.Ip, FlyKinds.Certificate])
        {
            foreach (var resource in await session.ListAsync(kind, app.Id))
            {
                await session.RemoveAsync(resource);
            }
        }

        await session.RemoveAsync(app);
        await databases.SettleAsync(session, app.Id);
        return null;
    });

    private Task<JsonNode?> ListIpsAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var app = await session.AppAsync(call.Route("app"));
        var ips = await session.ListAsync(FlyKinds.Ip, app.Id);
        return new JsonObject { ["ips"] = new JsonArray([.. ips.Select(ip => (JsonNode)ip.Shown())]) };
    });

    private async Task<JsonNode?> AssignIpAsync(Call call)
    {
        var body = await call.JsonAsync();
        return await store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
        {
            var app = await session.AppAsync(call.Route("app"));
            if ((string?)body["network"] is { } network
                && !(await session.ListAsync(FlyKinds.App)).Any(other => other.Text("network") == network))
            {
                throw new Refusal(StatusCodes.Status400BadRequest, "unknown", "network not found");
            }

            var present = await session.ListAsync(FlyKinds.Ip, app.Id);
            var number = await session.NextNumberAsync();
            var (address, shared) = (string?)body["type"] switch
            {
                // Asking again for the shared address gives the same one.
                "shared_v4" => (present.FirstOrDefault(ip => (bool)ip.Body["shared"]!)?.Name ?? $"66.241.125.{number % 254 + 1}", true),
                "v4" => ($"137.66.{number / 254 % 254}.{number % 254 + 1}", false),
                "v6" => ($"2a09:8280:1::{number:x}", false),
                "private_v6" => ($"fdaa:0:{number:x}:0:1::2", false),
                var type => throw new Refusal(StatusCodes.Status400BadRequest, "unknown", $"invalid ip type {type}"),
            };
            var ip = new Resource(FlyKinds.Ip, $"{app.Id} {address}", app.Id, address, new JsonObject
            {
                ["ip"] = address,
                ["region"] = (string?)body["region"] ?? "global",
                ["shared"] = shared,
                ["created_at"] = FlyKinds.Now(),
            });
            await session.PutAsync(ip);
            return ip.Shown();
        });
    }

    private Task<JsonNode?> ListSecretsAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var app = await session.AppAsync(call.Route("app"));
        return new JsonObject { ["secrets"] = SecretsOf((JsonObject)app.Body["_secrets"]!) };
    });

    private async Task<JsonNode?> UpdateSecretsAsync(Call call)
    {
        var body = await call.JsonAsync();
        return await store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
        {
            var app = await session.AppAsync(call.Route("app"));
            var secrets = (JsonObject)app.Body["_secrets"]!;
            foreach (var (name, value) in body["values"] as JsonObject ?? [])
            {
                if (value is null)
                {
                    secrets.Remove(name);
                }
                else
                {
                    secrets[name] = (string)value!;
                }
            }

            var version = (long)app.Body["_secrets_version"]! + 1;
            app.Body["_secrets_version"] = version;
            await session.PutAsync(app);
            return new JsonObject { ["version"] = version, ["secrets"] = SecretsOf(secrets) };
        });
    }
}
