using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Data;
using WebHost.Local.Providers;
using WebHost.Operations;
using WebHost.Problems;
using WebHost.Testing;

namespace WebHost.Functions.Tests.Hosting;

/// <summary>The whole application and the simulated vendors in this process, each on a free port, with databases of their own.</summary>
public sealed class ApplicationUnderTest : IAsyncLifetime
{
    private const string OperatorKey = "operator-key-of-the-tests";
    private const string SignupSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

    private static readonly string[] Europe = ["europe"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("webhost-test-");
    private TestDatabase? _control;
    private TestDatabase? _local;
    private TestDatabase? _state;
    private WebApplication? _simulators;
    private IHost? _host;

    /// <summary>As an operator.</summary>
    public HttpClient Http { get; } = new();

    /// <summary>The simulators' control calls.</summary>
    public HttpClient Simulators { get; } = new();

    public IServiceProvider Services => _host!.Services;

    public async ValueTask InitializeAsync()
    {
        _control = await TestDatabase.CreateAsync("fcontrol");
        _local = await TestDatabase.CreateAsync("flocal");
        _state = await TestDatabase.CreateAsync("fstate");
        _simulators = await SimulatorHost.BuildAsync(
            new SimulatorsOptions
            {
                Database = Limited(_state.ConnectionString),
                AdminDatabase = Limited(TestDatabase.ServerConnectionString),
                OrderMs = 300,
                RateLimits = false,
            },
            port: 0);
        await _simulators.StartAsync();
        Simulators.BaseAddress = AddressOf(_simulators.Services);

        var builder = FunctionsApplication.CreateBuilder(["--port", "0", "--contentRoot", _folder.FullName]);
        builder.Configuration.AddInMemoryCollection(Settings());
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.ConfigureFunctionsWebApplication();
        builder.UseMiddleware<ProblemMiddleware>();
        builder.Services.AddWebHost(builder.Configuration);
        _host = builder.Build();
        await _host.StartAsync();
        Http.BaseAddress = new Uri(AddressOf(_host.Services), "/api/");
        Http.DefaultRequestHeaders.Add("x-functions-key", OperatorKey);
    }

    public async ValueTask DisposeAsync()
    {
        await _host!.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
        var made = (await ResourcesAsync("hetzner")).Concat(await ResourcesAsync("fly"))
            .Select(resource => (string?)resource["database"])
            .OfType<string>()
            .Distinct()
            .ToList();
        await _simulators!.StopAsync();
        await _simulators.DisposeAsync();
        foreach (var database in made)
        {
            await DropAsync(database);
        }

        await _control!.DisposeAsync();
        await _local!.DisposeAsync();
        await _state!.DisposeAsync();
        Http.Dispose();
        Simulators.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>What exists at a simulated vendor.</summary>
    public async Task<IReadOnlyList<JsonNode>> ResourcesAsync(string vendor, string? kind = null) =>
        [.. ((await Simulators.GetFromJsonAsync<JsonObject>("resources"))![vendor] as JsonArray ?? [])
            .Select(node => node!)
            .Where(node => kind is null || (string?)node["kind"] == kind)];

    public async Task OrderFaultAsync(string provider, string operation, string kind, int? status = null, int? times = null)
    {
        using var answer = await Simulators.PostAsJsonAsync("faults", new { provider, operation, kind, status, times });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Signs a fleet up as a sign-up page does; answers the tenant and its provisioning.</summary>
    public async Task<(Guid TenantId, Guid OperationId)> SignUpAsync(object fleet)
    {
        var (id, timestamp) = ($"msg_{Guid.NewGuid():n}", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        var body = JsonSerializer.Serialize(new { type = "customer.signup", timestamp = DateTimeOffset.UtcNow, data = fleet });
        var signature = HMACSHA256.HashData(
            Convert.FromBase64String(SignupSecret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "signups")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
            Headers =
            {
                { "webhook-id", id },
                { "webhook-timestamp", $"{timestamp}" },
                { "webhook-signature", $"v1,{Convert.ToBase64String(signature)}" },
            },
        };
        using var answer = await Http.SendAsync(request);
        var accepted = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, accepted.ToJsonString());
        return ((Guid)accepted["tenantId"]!, (Guid)accepted["operationId"]!);
    }

    /// <summary>Signs a small fleet up, whose plan has a home of its own.</summary>
    public Task<(Guid TenantId, Guid OperationId)> SignUpStarterAsync(params string[] compliance) => SignUpAsync(new
    {
        company = "Fleet",
        email = "fleet@example.com",
        monthlyBudgetUsd = 49,
        vehicles = 5,
        locations = Europe,
        compliance,
        plan = "starter",
    });

    /// <summary>Has the tenant's home be lost: nobody listens at port 1.</summary>
    public async Task LoseHomeAsync(Guid tenant)
    {
        await using var connection = await Services.GetRequiredService<ControlDatabase>().OpenAsync();
        await connection.Sql(
            """
            UPDATE databases d SET port = 1 FROM placements p JOIN homes h ON h.tenant_id = p.tenant_id AND h.number = p.home
            WHERE p.tenant_id = $1 AND d.id = h.database_id
            """,
            tenant).RunAsync();
    }

    /// <summary>Posts as an operator; answers the status and the body.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string path, object? body = null)
    {
        using var answer = await Http.PostAsJsonAsync(path, body ?? new { });
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public async Task<JsonNode> GetAsync(string path) => (await Http.GetFromJsonAsync<JsonNode>(path))!;

    /// <summary>The operation once a condition holds.</summary>
    public Task<JsonNode> OperationAsync(Guid id, Func<JsonNode, bool> condition, TimeSpan? deadline = null) =>
        Eventually.GetAsync<JsonNode>(
            async () => await GetAsync($"operations/{id}") is { } operation && condition(operation) ? operation : null, deadline);

    /// <summary>Has an operation's orchestration end before its work is done, and the application notice.</summary>
    public async Task DieAsync(Guid operationId)
    {
        var client = Services.GetRequiredService<DurableTaskClient>();
        await client.TerminateInstanceAsync(OperationStarter.InstanceId(operationId), default(CancellationToken));
        await client.WaitForInstanceCompletionAsync(OperationStarter.InstanceId(operationId), default(CancellationToken));

        // What was accepted just now is left to whoever accepted it.
        await using var connection = await Services.GetRequiredService<ControlDatabase>().OpenAsync();
        await connection.Sql("UPDATE operations SET created_at = now() - interval '1 minute' WHERE id = $1", operationId)
            .RunAsync();
        await Services.GetRequiredService<OperationStarter>().MendAsync(client, default);
    }

    /// <summary>The message of the open alert about a dead operation.</summary>
    public async Task<string> AdviceAsync(Guid operationId) =>
        (string)(await GetAsync("alerts"))["items"]!.AsArray().Single(alert =>
            (string?)alert!["kind"] == OperationStarter.DiedAlert
            && (string?)alert["subject"] == operationId.ToString())!["message"]!;

    /// <summary>Everything that the durable engine keeps, as text.</summary>
    public async Task<string> EngineStateAsync()
    {
        await using var connection = new NpgsqlConnection(_local!.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT database_to_xml(true, false, '')::text", connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static string Limited(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 10 }.ConnectionString;

    private static Uri AddressOf(IServiceProvider services) =>
        new(services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    // The database with the roles that were made for it; roles of tenants are members of one of those.
    private static async Task DropAsync(string database)
    {
        var roles = new List<string>();
        await using (var connection = new NpgsqlConnection(TestDatabase.ServerConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(
                """
                SELECT member.rolname FROM pg_roles held JOIN pg_auth_members m ON m.roleid = held.oid
                JOIN pg_roles member ON member.oid = m.member
                WHERE held.rolname = $1 || '_tenants' AND NOT member.rolsuper AND member.rolname <> $1
                UNION SELECT rolname FROM pg_roles WHERE rolname IN ($1, $1 || '_tenants', $1 || '_ingest')
                """,
                connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = database });
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                roles.Add(reader.GetString(0));
            }
        }

        await TestDatabase.ExecuteOnServerAsync($"DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)");
        foreach (var role in roles)
        {
            await TestDatabase.ExecuteOnServerAsync($"DROP ROLE IF EXISTS \"{role}\"");
        }
    }

    private Dictionary<string, string?> Settings()
    {
        var server = new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString);
        var simulators = Simulators.BaseAddress!;
        return new()
        {
            ["AzureWebJobsStorage"] = Environment.GetEnvironmentVariable("WEBHOST_TEST_BLOBS")
                ?? throw new InvalidOperationException("WEBHOST_TEST_BLOBS is not set. Run ./test.sh, which starts a blob store and sets it."),
            ["ControlDatabase"] = Limited(_control!.ConnectionString),
            ["ServiceBus"] = Limited(_local!.ConnectionString),
            ["LocalHost:Database"] = Limited(_local.ConnectionString),
            ["Tenants:Domain"] = "fleet.test",
            ["Security:MasterKeys"] = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            ["Operators:Keys"] = OperatorKey,
            ["Webhooks:SignupSecrets"] = SignupSecret,
            ["Webhooks:StripeSecrets"] = "whsec_of_the_tests",
            ["Operations:StepAttempts"] = "3",
            ["Operations:FirstRetryInterval"] = "00:00:00.05",
            ["Backups:Storage"] = Environment.GetEnvironmentVariable("WEBHOST_TEST_BLOBS"),
            ["Backups:ScratchDatabase"] = TestDatabase.ServerConnectionString,
            ["Failovers:SettleFor"] = "00:00:01",
            ["Servers:PollInterval"] = "00:00:00.2",
            ["Servers:InstallDeadline"] = "00:00:03",
            ["Servers:TrustedNetworks"] = "127.0.0.0/8",
            ["Providers:Hetzner:BaseAddress"] = new Uri(simulators, "hetzner").ToString(),
            ["Providers:Hetzner:User"] = "#ws+tests",
            ["Providers:Hetzner:Password"] = "robot",
            ["Providers:Fly:BaseAddress"] = new Uri(simulators, "fly").ToString(),
            ["Providers:Fly:GraphQlAddress"] = new Uri(simulators, "fly-graphql").ToString(),
            ["Providers:Fly:Token"] = "fly",
            ["Providers:Fly:Organization"] = "webhost-test",
            ["Providers:Fly:DatabaseImage"] = "flyio/postgres-flex-timescaledb:16",
            ["Providers:Fly:AppImage"] = "registry.fly.io/webhost-app:1",
            ["Providers:Fly:DatabaseConnection"] = $"Host={server.Host};Port={server.Port};Username={{app}};Database={{app}}",
            ["Providers:Cloudflare:BaseAddress"] = new Uri(simulators, "cloudflare/client/v4").ToString(),
            ["Providers:Cloudflare:Token"] = "cloudflare",
            ["Providers:Cloudflare:ZoneId"] = "023e105f4ecef8ad9ca31a8372d0c353",
            ["Providers:RequestTimeout"] = "00:00:05",
        };
    }
}
