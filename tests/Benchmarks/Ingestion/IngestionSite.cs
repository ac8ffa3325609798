using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Data;
using WebHost.Gps;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Security;
using WebHost.Tenants;
using WebHost.Testing;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>The application in a process of its own, with databases of its own and one database for all its tenants.</summary>
internal sealed class IngestionSite : IAsyncDisposable
{
    private readonly TestDatabase _controlDatabase;
    private readonly TestDatabase _localDatabase;
    private readonly TestDatabase _tenantDatabase;
    private readonly List<string> _roles = [];
    private readonly ControlDatabase _control;
    private readonly NpgsqlDataSource _local;
    private TenantDatabaseSetup _setup = null!;
    private TenantDatabaseAddress _database = null!;

    private IngestionSite(TestDatabase control, TestDatabase local, TestDatabase tenants)
    {
        (_controlDatabase, _localDatabase, _tenantDatabase) = (control, local, tenants);
        _control = new ControlDatabase(NpgsqlDataSource.Create(control.ConnectionString + ";Maximum Pool Size=5"));
        _local = NpgsqlDataSource.Create(local.ConnectionString + ";Maximum Pool Size=5");
    }

    public HostProcess Host { get; private set; } = null!;

    /// <summary>As the tenant database's administrator.</summary>
    public NpgsqlDataSource Tenants { get; private set; } = null!;

    public TenantDatabaseStore Databases { get; private set; } = null!;

    public ControlDatabase Control => _control;

    public static async Task<IngestionSite> StartAsync()
    {
        var site = new IngestionSite(
            await TestDatabase.CreateAsync("control"), await TestDatabase.CreateAsync("local"), await TestDatabase.CreateAsync("tenants"));
        var masterKey = "bench:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var migrator = new SchemaMigrator(NullLogger<SchemaMigrator>.Instance);
        await migrator.MigrateControlAsync(site._controlDatabase.ConnectionString);
        var secrets = new SecretStore(site._control, SecretProtector.FromSetting(masterKey));
        var databases = site.Databases = new TenantDatabaseStore(site._control, secrets);
        site._setup = new TenantDatabaseSetup(databases, migrator);
        var server = new NpgsqlConnectionStringBuilder(site._tenantDatabase.ConnectionString);
        site._database = await databases.AddAsync(server.Host!, server.Port, site._tenantDatabase.Name, server.Username!, "Prefer", certificateSha256: null, default);
        await secrets.SetAsync(site._database.SecretName(site._database.AdminUser), server.Password ?? "", default);
        await site._setup.PrepareAsync(site._database, HostingMode.MultiTenant, default);
        site._roles.AddRange([site._database.Roles.Tenants, site._database.Roles.Ingest]);
        site.Tenants = NpgsqlDataSource.Create(site._tenantDatabase.ConnectionString + ";Maximum Pool Size=5");
        site.Host = await HostProcess.StartAsync(Metadata("Host"), [], site.Settings(masterKey), "api/health");
        return site;
    }

    /// <summary>Adds tenants of the largest plan; answers the tokens of their devices, tenant by tenant.</summary>
    public async Task<(Guid[] Tenants, string[] Tokens)> AddFleetAsync(int tenants, int devicesEach)
    {
        var ids = new Guid[tenants];
        var tokens = new string[tenants * devicesEach];
        for (var i = 0; i < tenants; i++)
        {
            ids[i] = Guid.CreateVersion7();
            await AddTenantAsync(ids[i]);
            for (var j = 0; j < devicesEach; j++)
            {
                var token = tokens[(j * tenants) + i] = OpaqueToken.Generate(TokenKind.Device);
                await using var connection = await _control.OpenAsync();
                await connection.Sql(
                    "INSERT INTO devices (id, tenant_id, name, token_hash, speed_unit) VALUES ($1, $2, 'Device', $3, $4)",
                    Guid.CreateVersion7(), ids[i], OpaqueToken.Hash(token), SpeedUnit.MetresPerSecond).RunAsync();
            }
        }

        return (ids, tokens);
    }

    /// <summary>Waits until every accepted point has left the queue, which is when it is in its table.</summary>
    public async Task WaitUntilEmptyAsync()
    {
        await using var connection = await _local.OpenConnectionAsync();
        while (await connection.Sql("SELECT EXISTS (SELECT FROM service_bus.message WHERE queue = 'points' AND NOT dead_letter)")
            .FirstAsync(row => row.GetBoolean(0)))
        {
            await Task.Delay(50);
        }
    }

    public async Task<long> CountAsync(Guid[] tenants)
    {
        await using var connection = await Tenants.OpenConnectionAsync();
        return await connection.Sql("SELECT count(*) FROM fleet.points WHERE customer_id = ANY ($1)", tenants)
            .FirstAsync(row => row.GetInt64(0));
    }

    /// <summary>Removes all points, so that every measurement begins with the same empty table.</summary>
    public async Task ClearAsync()
    {
        await using var connection = await Tenants.OpenConnectionAsync();
        await connection.Sql("TRUNCATE fleet.points, fleet.positions").RunAsync();
        await connection.Sql("CHECKPOINT").RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Tenants.DisposeAsync();
        await _local.DisposeAsync();
        await _control.DisposeAsync();
        foreach (var database in (TestDatabase[])[_tenantDatabase, _localDatabase, _controlDatabase])
        {
            await database.DisposeAsync();
        }

        foreach (var role in Enumerable.Reverse(_roles))
        {
            await TestDatabase.ExecuteOnServerAsync($"DROP ROLE IF EXISTS \"{role}\"");
        }
    }

    private static string Metadata(string key) =>
        typeof(IngestionSite).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!;

    private async Task AddTenantAsync(Guid tenantId)
    {
        var placement = new TenantPlacement
        {
            TenantId = tenantId,
            Epoch = 1,
            Home = 1,
            Plan = PlanId.Business,
            Mode = HostingMode.MultiTenant,
            Provider = HostingProvider.Hetzner,
            Region = "fsn1",
            Hostname = $"{ResourceNames.HostLabel(tenantId)}.test",
            State = PlacementState.Preparing,
        };
        await _control.TransactAsync(async transaction =>
        {
            await TenantStore.AddAsync(
                transaction,
                new Tenant
                {
                    Id = tenantId,
                    Company = "Acme",
                    Email = "fleet@acme.example",
                    Plan = PlanId.Business,
                    State = TenantState.Provisioning,
                    Signup = "{}",
                    Recommendation = "{}",
                },
                default);
            await PlacementStore.AddAsync(transaction, placement, operationId: null, default);
            return true;
        });
        _roles.Add(placement.Names.TenantRole);
        await _setup.AddTenantAsync(_database, placement with { DatabaseId = _database.Id }, default);
        var placements = new PlacementStore(_control);
        await placements.UseDatabaseAsync(tenantId, placement.Epoch, _database.Id, default);
        await placements.EnterAsync(tenantId, placement.Epoch, PlacementState.Serving, default);
    }

    private Dictionary<string, string> Settings(string masterKey)
    {
        using var sample = JsonDocument.Parse(File.ReadAllBytes(Metadata("Settings")));
        var settings = sample.RootElement.GetProperty("Values").EnumerateObject()
            .ToDictionary(setting => setting.Name, setting => setting.Value.GetString()!);
        settings["AzureWebJobsStorage"] = Environment.GetEnvironmentVariable("WEBHOST_TEST_BLOBS")
            ?? throw new InvalidOperationException("WEBHOST_TEST_BLOBS is not set: the connection string of a blob store.");
        settings["ControlDatabase"] = _controlDatabase.ConnectionString + ";Maximum Pool Size=20";
        settings["ServiceBus"] = _localDatabase.ConnectionString + ";Maximum Pool Size=20";
        settings["LocalHost__Database"] = settings["ServiceBus"];
        settings["Security__MasterKeys"] = masterKey;
        return settings;
    }
}
