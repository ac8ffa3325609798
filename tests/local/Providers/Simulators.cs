using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebHost.Local.Providers.Databases;
using WebHost.Providers;
using WebHost.Testing;

namespace WebHost.Local.Providers.Tests;

/// <summary>The simulators on a free port with a database of their own, and our clients pointed at them.</summary>
public sealed class Simulators : IAsyncLifetime
{
    public const string Organization = "webhost-test";
    public const string Zone = "023e105f4ecef8ad9ca31a8372d0c353";
    public const string FlyToken = "fly-token-of-the-tests";
    public const string RobotPassword = "robot-password-of-the-tests";

    private readonly List<ServiceProvider> _clients = [];
    private TestDatabase? _state;
    private WebApplication? _app;

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public HttpClient Http { get; private set; } = new();

    /// <summary>Our clients with the right credentials.</summary>
    public IServiceProvider Clients { get; private set; } = new ServiceCollection().BuildServiceProvider();

    private static string AdminDatabase =>
        new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString) { MaxPoolSize = 4 }.ConnectionString;

    public static ResourceOwner NewOwner() => new(Guid.NewGuid().ToString(), Guid.NewGuid().ToString());

    /// <summary>An app's name that nobody else uses on the shared server.</summary>
    public static string NewAppName() => $"webhost-{Guid.NewGuid():n}"[..24];

    public async ValueTask InitializeAsync()
    {
        _state = await TestDatabase.CreateAsync("simulators");
        await StartAsync(new SimulatorsOptions());
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await DropDatabasesAsync();
        await StopAsync();
        Http.Dispose();
        await _state!.DisposeAsync();
    }

    /// <summary>Ends the process's part and starts it anew on what is in the database.</summary>
    public async Task RestartAsync(SimulatorsOptions? options = null)
    {
        await StopAsync();
        await StartAsync(options ?? new SimulatorsOptions());
    }

    /// <summary>Our clients with some settings changed.</summary>
    public IServiceProvider CreateClients(
        IReadOnlyDictionary<string, string?>? changes = null, Action<IServiceCollection>? configure = null)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Providers:Hetzner:BaseAddress"] = new Uri(Address, "/hetzner").ToString(),
            ["Providers:Hetzner:User"] = "#ws+tests",
            ["Providers:Hetzner:Password"] = RobotPassword,
            ["Providers:Fly:BaseAddress"] = new Uri(Address, "/fly").ToString(),
            ["Providers:Fly:GraphQlAddress"] = new Uri(Address, "/fly-graphql").ToString(),
            ["Providers:Fly:Token"] = FlyToken,
            ["Providers:Fly:Organization"] = Organization,
            ["Providers:Fly:DatabaseImage"] = "flyio/postgres-flex-timescaledb:16",
            ["Providers:Fly:AppImage"] = "registry.fly.io/webhost-app:1",
            ["Providers:Fly:DatabaseConnection"] = DatabaseConnection(),
            ["Providers:Cloudflare:BaseAddress"] = new Uri(Address, "/cloudflare/client/v4").ToString(),
            ["Providers:Cloudflare:Token"] = "cloudflare-token-of-the-tests",
            ["Providers:Cloudflare:ZoneId"] = Zone,
            ["Providers:Upstash:BaseAddress"] = new Uri(Address, "/upstash/v2").ToString(),
            ["Providers:Upstash:Email"] = "tests@example.com",
            ["Providers:Upstash:ApiKey"] = "upstash-key-of-the-tests",
        };
        foreach (var (name, value) in changes ?? new Dictionary<string, string?>())
        {
            settings[name] = value;
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddProviders(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        configure?.Invoke(services);
        var provider = services.BuildServiceProvider();
        _clients.Add(provider);
        return provider;
    }

    public T Client<T>()
        where T : notnull => Clients.GetRequiredService<T>();

    public async Task OrderFaultAsync(
        string provider, string? operation, string kind, int? status = null, int? times = null, int? delayMs = null)
    {
        using var answer = await Http.PostAsJsonAsync("/faults", new { provider, operation, kind, status, times, delayMs });
        answer.EnsureSuccessStatusCode();
    }

    public async Task ClearFaultsAsync() => (await Http.DeleteAsync(new Uri("/faults", UriKind.Relative))).EnsureSuccessStatusCode();

    /// <summary>What exists at a vendor.</summary>
    public async Task<IReadOnlyList<JsonNode>> ResourcesAsync(string provider) =>
        [.. ((await Http.GetFromJsonAsync<JsonObject>("/resources"))![provider] as JsonArray ?? []).Select(node => node!)];

    /// <summary>How often an operation has been called, refused calls included.</summary>
    public async Task<int> CountCallsAsync(string operation) =>
        ((JsonArray)(await Http.GetFromJsonAsync<JsonObject>("/calls"))!["calls"]!)
            .Count(call => (string?)call!["operation"] == operation);

    /// <summary>Whether a role can connect to a database on the server that holds the simulated ones.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(string database, string user, string password)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString)
            {
                Database = database,
                Username = user,
                Password = password,
                Pooling = false,
            }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static string DatabaseConnection()
    {
        var server = new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString);
        return string.Create(
            CultureInfo.InvariantCulture, $"Host={server.Host};Port={server.Port};Username={{app}};Database={{app}}");
    }

    private async Task StartAsync(SimulatorsOptions options)
    {
        _app = await SimulatorHost.BuildAsync(
            new SimulatorsOptions
            {
                Database = new NpgsqlConnectionStringBuilder(_state!.ConnectionString) { MaxPoolSize = 10 }.ConnectionString,
                AdminDatabase = AdminDatabase,
                Hetzner = new LoginOptions { User = "#ws+tests", Password = RobotPassword },
                Fly = new LoginOptions { Token = FlyToken },
                Cloudflare = new LoginOptions { Token = "cloudflare-token-of-the-tests" },
                Upstash = new LoginOptions { Email = "tests@example.com", ApiKey = "upstash-key-of-the-tests" },
                LatencyMs = options.LatencyMs,
                StateMs = options.StateMs,
                OrderMs = options.OrderMs,
                RateLimits = options.RateLimits,
            },
            port: 0);
        await _app.StartAsync();
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Http.Dispose();
        Http = new HttpClient { BaseAddress = Address };
        Clients = CreateClients();
    }

    private async Task StopAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task DropDatabasesAsync()
    {
        var server = _app!.Services.GetRequiredService<DatabaseServer>();
        foreach (var resource in await ResourcesAsync("fly"))
        {
            if ((string?)resource["kind"] == "app")
            {
                await server.DropAsync((string)resource["id"]!);
            }
        }

        foreach (var resource in await ResourcesAsync("hetzner"))
        {
            if ((string?)resource["database"] is { } database)
            {
                await server.DropAsync(database);
            }
        }
    }
}
