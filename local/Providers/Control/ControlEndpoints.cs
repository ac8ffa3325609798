using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using WebHost.Local.Providers.Calls;
using WebHost.Local.Providers.Databases;
using WebHost.Local.Providers.Faults;
using WebHost.Local.Providers.Fly;
using WebHost.Local.Providers.Hetzner;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Control;

/// <summary>What no vendor has: looking behind the scenes, and making things go wrong.</summary>
internal sealed class ControlEndpoints(ResourceStore store, CallLog calls, FaultStore faults, DatabaseServer databases)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => Results.Json(new { status = "ready" }));
        routes.MapGet("/resources", ListResourcesAsync);
        routes.MapGet("/calls", async (long? since) => Json(new JsonObject { ["calls"] = await calls.ListAsync(since ?? 0) }));
        routes.MapPost("/faults", AddFaultAsync);
        routes.MapDelete("/faults", async () =>
        {
            await faults.ClearAsync();
            return Results.NoContent();
        });
        routes.MapPost("/seed/hetzner-server", SeedServerAsync);
        routes.MapPost("/install/hetzner-server", InstallServerAsync);
        routes.MapPost("/seed/fly-app", async (FlyAppSeed seed) =>
        {
            await store.ChangeAsync(
                FlyKinds.Scope(seed.Name), session => AppEndpoints.AddAsync(session, seed.Name, seed.Organization, seed.Network));
            return Results.NoContent();
        });
        routes.MapPost("/databases/{name}/{change}", ChangeDatabaseAsync);
    }

    private static IResult Json(JsonNode node) => Results.Text(node.ToJsonString(), "application/json; charset=utf-8");

    private static string? OwnerOf(Resource resource) => resource.Kind switch
    {
        FlyKinds.Machine => (string?)resource.Body["config"]?["metadata"]?["webhost_tenant"],
        FlyKinds.App => resource.Text("network"),
        Cloudflare.DnsEndpoints.Kind => resource.Text("comment"),
        _ => null,
    };

    // The real database behind it, for those that want to break it.
    private static string? DatabaseOf(Resource resource) => resource.Kind switch
    {
        FlyKinds.Machine when FlyDatabases.RunsPostgres(resource) => resource.Parent,
        RobotKinds.Server => resource.Text("_database"),
        _ => null,
    };

    private async Task<IResult> ListResourcesAsync()
    {
        var answer = new JsonObject();
        foreach (var group in (await store.ReadAsync(session => session.ListAllAsync()))
            .Where(resource => resource.Kind != FlyKinds.Machine || resource.Text("state") != "destroyed")
            .GroupBy(resource => resource.Kind.Split('.')[0]))
        {
            answer[group.Key] = new JsonArray([.. group.Select(resource => (JsonNode)new JsonObject
            {
                ["kind"] = resource.Kind.Split('.')[1],
                ["id"] = resource.Id,
                ["name"] = resource.Name,
                ["parent"] = resource.Parent,
                ["state"] = resource.Text("state") ?? resource.Text("status"),
                ["region"] = resource.Text("region"),
                ["owner"] = OwnerOf(resource),
                ["database"] = DatabaseOf(resource),
            })]);
        }

        return Json(answer);
    }

    private async Task<IResult> AddFaultAsync(FaultRequest request)
    {
        if (string.IsNullOrEmpty(request.Provider) || request.Times is < 1)
        {
            return Results.Problem("provider is required, and times must be at least 1", statusCode: StatusCodes.Status400BadRequest);
        }

        await faults.AddAsync(request);
        return Results.NoContent();
    }

    // What an operator holds when a box has been delivered and installed.
    private async Task<IResult> SeedServerAsync(HetznerServerSeed? seed)
    {
        var (server, name, password) = await MakeDatabaseAsync(seed?.ServerNumber, seed?.Location ?? "FSN1");
        return Results.Json(new
        {
            serverNumber = int.Parse(server.Id, CultureInfo.InvariantCulture),
            serverIp = server.Text("server_ip"),
            location = server.Text("_location"),
            database = new { host = databases.Host, port = databases.Port, name, user = name, password },
        });
    }

    // What deploy/hetzner's script does on a delivered box: install the database, then report it.
    private async Task<IResult> InstallServerAsync(HetznerServerInstallation installation)
    {
        var (_, name, password) = await MakeDatabaseAsync(installation.ServerNumber, null);
        using var http = new HttpClient();
        using var report = new HttpRequestMessage(HttpMethod.Post, installation.ReportTo)
        {
            Headers = { Authorization = new("Bearer", installation.Token) },
            Content = JsonContent.Create(
                new { database = new { host = databases.Host, port = databases.Port, name, user = name, password, sslMode = "Prefer" } }),
        };
        using var answer = await http.SendAsync(report);
        return Results.StatusCode((int)answer.StatusCode);
    }

    private async Task<(Resource Server, string Name, string Password)> MakeDatabaseAsync(int? serverNumber, string? location)
    {
        var password = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var server = await store.ChangeAsync(RobotKinds.Scope, async session =>
        {
            var chosen = serverNumber is { } number
                ? await session.ServerAsync(number.ToString(CultureInfo.InvariantCulture))
                : await session.AddServerAsync("AX52", location!, ipv4: true);
            chosen.Body["_database"] ??= $"hetzner_{chosen.Id}_{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
            await session.PutAsync(chosen);
            return chosen;
        });
        var name = server.Text("_database")!;
        await databases.EnsureAsync(name, password);
        return (server, name, password);
    }

    private async Task<IResult> ChangeDatabaseAsync(string name, string change)
    {
        if (!await databases.ExistsAsync(name))
        {
            return Results.Problem($"There is no database {name}.", statusCode: StatusCodes.Status404NotFound);
        }

        switch (change)
        {
            case "down":
                await databases.SetUpAsync(name, up: false);
                return Results.NoContent();
            case "up":
                await databases.SetUpAsync(name, up: true);
                return Results.NoContent();
            case "lose":
                await databases.LoseAsync(name);
                return Results.NoContent();
            default:
                return Results.Problem($"A database goes down, up or lose, not {change}.", statusCode: StatusCodes.Status404NotFound);
        }
    }

    internal sealed record HetznerServerSeed(string? Location, int? ServerNumber);

    internal sealed record HetznerServerInstallation(int ServerNumber, Uri ReportTo, string Token);

    internal sealed record FlyAppSeed(string Name, string Organization, string? Network);
}
