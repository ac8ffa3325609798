using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;
using WebHost.Scenarios.Callers;
using WebHost.Security;
using WebHost.Testing;

namespace WebHost.Scenarios.Hosting;

/// <summary>
/// The whole application on this machine: the host and the simulated vendors as processes of their own, on free ports, with
/// databases of their own. Disposing of it ends both and drops whatever was made on the database server.
/// </summary>
public sealed class LocalApp : IAsyncDisposable
{
    /// <summary>The environment variable with the connection string of the blob storage.</summary>
    public const string BlobsVariable = "WEBHOST_TEST_BLOBS";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly TestDatabase _control;
    private readonly TestDatabase _local;
    private readonly int _port = Ports.Free();
    private readonly int _simulatorsPort = Ports.Free();
    private readonly AppOptions _options;
    private readonly List<string> _serverDatabases = [];
    private readonly ChildProcess _simulators;
    private readonly List<(ChildProcess Process, Api Anybody)> _furtherHosts = [];
    private ChildProcess _host;
    private int _servers;

    private LocalApp(TestDatabase control, TestDatabase local, AppOptions options)
    {
        _control = control;
        _local = local;
        _options = options;
        Url = Loopback(_port);
        Operator = Api.ForOperator(Url, OperatorKey);
        Anybody = Api.ForAnybody(Url);
        Simulators = new Simulators(Loopback(_simulatorsPort));
        _simulators = ChildProcess.Start(
            BuiltPrograms.Simulators,
            ["--port", Text(_simulatorsPort)],
            new Dictionary<string, string>
            {
                ["Simulators__Database"] = local.ConnectionString,
                ["Simulators__AdminDatabase"] = TestDatabase.ServerConnectionString,
            });
        _host = StartProcess(_port);
    }

    /// <summary>The connection string of the blob storage. Fails the test when none was given.</summary>
    public static string Blobs =>
        Environment.GetEnvironmentVariable(BlobsVariable)
        ?? throw new InvalidOperationException($"{BlobsVariable} is not set. Run ./test.sh, which starts a store and sets it.");

    public Uri Url { get; }

    public Api Operator { get; }

    public Api Anybody { get; }

    public Simulators Simulators { get; }

    public string ControlDatabase => _control.ConnectionString;

    /// <summary>The connection string of the message queues.</summary>
    public string ServiceBus => _local.ConnectionString;

    /// <summary>The current signing secret, and the one before it, which is still accepted.</summary>
    public string SignupSecret { get; } = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));

    public string OldSignupSecret { get; } = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));

    public string StripeSecret { get; } = "whsec_" + RandomNumberGenerator.GetHexString(32, lowercase: true);

    private string OperatorKey { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    private string MasterKey { get; } = "test:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <param name="purpose">Begins the databases' names; letters and digits only.</param>
    /// <param name="options">How it differs from the usual.</param>
    public static async Task<LocalApp> StartAsync(string purpose, AppOptions? options = null)
    {
        var control = await TestDatabase.CreateAsync(purpose + "control");
        var local = await TestDatabase.CreateAsync(purpose + "local");
        var app = new LocalApp(control, local, options ?? new AppOptions());
        try
        {
            await app.WaitUntilReadyAsync();
            foreach (var capacity in app._options.Servers)
            {
                await app.RegisterServerAsync(capacity);
            }

            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public Api ForTenant(string key) => Api.ForTenant(Url, key);

    /// <summary>Registers a further shared server, as an operator does when one has been delivered.</summary>
    public async Task<Answer> RegisterServerAsync(int capacity)
    {
        var seeded = (await Simulators.PostAsync("seed/hetzner-server", null)).Expect(HttpStatusCode.OK).Json;
        var database = seeded.GetProperty("database");
        _serverDatabases.Add(database.Text("name"));
        return (await Operator.PostAsync(
            "api/servers",
            new
            {
                name = $"ax52-{++_servers}",
                providerServerNumber = seeded.GetProperty("serverNumber").GetInt64(),
                region = "fsn1",
                address = seeded.Text("serverIp"),
                capacity,
                database,
            })).Expect(HttpStatusCode.Created);
    }

    /// <summary>A tenants' database as the server's administrator sees it: past every policy.</summary>
    internal static NpgsqlDataSource OpenTenantDatabase(string name) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString) { Database = name, MaxPoolSize = 5 });

    /// <summary>The password of a database's role, which the application alone knows.</summary>
    internal async Task<string> GetPasswordAsync(string database, string role)
    {
        await using var control = NpgsqlDataSource.Create(_control.ConnectionString);
        var name = await control.ScalarAsync<string>("SELECT format('database/%s/%s', id, $2) FROM databases WHERE name = $1", database, role);
        var ciphertext = await control.ScalarAsync<string>("SELECT ciphertext FROM secrets WHERE name = $1", name);
        return SecretProtector.FromSetting(MasterKey).Unprotect(name, ciphertext);
    }

    /// <summary>Ends the host with SIGKILL.</summary>
    public Task KillHostAsync() => _host.KillAsync();

    /// <summary>Starts the host again after it was killed: same databases, same port.</summary>
    public async Task StartHostAsync()
    {
        await _host.DisposeAsync();
        _host = StartProcess(_port);
        await WaitUntilReadyAsync();
    }

    /// <summary>Starts another process of the same application, and answers how anybody reaches it.</summary>
    public async Task<Api> StartAnotherHostAsync()
    {
        var port = Ports.Free();
        var process = StartProcess(port);
        var anybody = Api.ForAnybody(Loopback(port));
        _furtherHosts.Add((process, anybody));
        await Eventually.IsTrueAsync(
            async () => !process.HasExited && await anybody.TryGetAsync("api/health") is { Status: HttpStatusCode.OK }, StartDeadline);
        return anybody;
    }

    /// <summary>The end of what both processes printed.</summary>
    public string Output() => $"Host:\n{_host.Output()}\n\nSimulators:\n{_simulators.Output()}";

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        foreach (var (process, anybody) in _furtherHosts)
        {
            await process.DisposeAsync();
            anybody.Dispose();
        }

        await _simulators.DisposeAsync();
        Operator.Dispose();
        Anybody.Dispose();
        Simulators.Dispose();
        await DropTenantDatabasesAsync();
        await _control.DisposeAsync();
        await _local.DisposeAsync();
    }

    private static Uri Loopback(int port) => new($"http://127.0.0.1:{Text(port)}/");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Limited(TestDatabase database) =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 30 }.ConnectionString;

    private ChildProcess StartProcess(int port) =>
        ChildProcess.Start(BuiltPrograms.Host, ["--port", Text(port)], Settings());

    private Dictionary<string, string> Settings()
    {
        using var sample = JsonDocument.Parse(File.ReadAllBytes(BuiltPrograms.Settings));
        var settings = sample.RootElement.GetProperty("Values").EnumerateObject()
            .ToDictionary(setting => setting.Name, setting => setting.Value.GetString()!);
        var server = new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString);
        var simulators = Loopback(_simulatorsPort);
        settings["AzureWebJobsStorage"] = Blobs;
        settings["ControlDatabase"] = Limited(_control);
        settings["ServiceBus"] = Limited(_local);
        settings["LocalHost__Database"] = Limited(_local);
        settings["Operators__Keys"] = OperatorKey;
        settings["Security__MasterKeys"] = MasterKey;
        settings["Webhooks__SignupSecrets"] = $"{SignupSecret},{OldSignupSecret}";
        settings["Webhooks__StripeSecrets"] = StripeSecret;

        // What the tests send is of fixed days, older than plans keep it, and would be removed ten minutes before each hour.
        settings["AzureWebJobs.RemoveExpired.Disabled"] = "true";
        settings["Operations__FirstRetryInterval"] = "00:00:00.05";
        settings["Operations__LongestRetryInterval"] = "00:00:01";
        settings["Providers__Hetzner__BaseAddress"] = $"{simulators}hetzner";
        settings["Providers__Fly__BaseAddress"] = $"{simulators}fly";
        settings["Providers__Fly__GraphQlAddress"] = $"{simulators}fly-graphql";
        settings["Providers__Fly__DatabaseConnection"] =
            $"Host={server.Host};Port={Text(server.Port)};Username={{app}};Database={{app}}";
        settings["Providers__Cloudflare__BaseAddress"] = $"{simulators}cloudflare/client/v4";
        settings["Providers__Upstash__BaseAddress"] = $"{simulators}upstash/v2";
        foreach (var (name, value) in _options.Settings)
        {
            settings[name] = value;
        }

        return settings;
    }

    private async Task WaitUntilReadyAsync()
    {
        await Eventually.IsTrueAsync(
            async () => IsUp(_simulators) && await Simulators.TryGetAsync("") is { Status: HttpStatusCode.OK }, StartDeadline);
        await Eventually.IsTrueAsync(
            async () => IsUp(_host)
                && await Anybody.TryGetAsync("api/health") is { } health
                && (health.Status == HttpStatusCode.OK || !_options.StartsWell),
            StartDeadline);

        bool IsUp(ChildProcess process) =>
            process.HasExited ? throw new InvalidOperationException($"It ended at its start.\n{Output()}") : true;
    }

    // Roles belong to the whole server, and a tenant's databases bear names made of the last half of its id.
    private async Task DropTenantDatabasesAsync()
    {
        var tenants = new List<string>();
        await using (var control = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(_control.ConnectionString) { Pooling = false }))
        {
            if (await control.ScalarAsync<bool>("SELECT to_regclass('tenants') IS NOT NULL"))
            {
                tenants = await control.ListAsync<string>("SELECT right(replace(id::text, '-', ''), 16) FROM tenants");
            }
        }

        await using var server = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString) { MaxPoolSize = 2 });
        var databases = await server.ListAsync<string>(
            "SELECT datname FROM pg_database WHERE datname = ANY ($1) OR substring(datname FROM '^webhost-([0-9a-f]{16})-') = ANY ($2)",
            _serverDatabases.ToArray(), tenants.ToArray());
        foreach (var database in databases)
        {
            await server.ExecuteAsync($"DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)");
        }

        var roles = await server.ListAsync<string>(
            """
            SELECT rolname FROM pg_roles
            WHERE substring(rolname FROM '^wh_([0-9a-f]{16})_') = ANY ($2)
               OR substring(rolname FROM '^webhost-([0-9a-f]{16})-') = ANY ($2)
               OR regexp_replace(rolname, '_(tenants|ingest)$', '') = ANY ($1)
            ORDER BY rolname LIKE 'wh_%' DESC
            """,
            _serverDatabases.ToArray(), tenants.ToArray());
        foreach (var role in roles)
        {
            await server.ExecuteAsync($"DROP ROLE IF EXISTS \"{role}\"");
        }
    }
}
