using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Security;
using WebHost.Tenants;
using WebHost.Testing;

namespace WebHost.Tests.Placement;

/// <summary>A control database, and a database for tenants, of a test class's own.</summary>
public sealed class ControlFixture : IAsyncLifetime
{
    private TestDatabase? _control;
    private readonly List<(TestDatabase Test, TenantDatabaseAddress Address)> _tenants = [];
    public SecretStore Secrets { get; private set; } = null!;

    public ControlDatabase Control { get; private set; } = null!;

    public TenantDatabaseStore Databases { get; private set; } = null!;

    public TenantDatabaseSetup Setup { get; private set; } = null!;

    /// <summary>A prepared tenant database.</summary>
    public TenantDatabaseAddress Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var migrator = new SchemaMigrator(NullLogger<SchemaMigrator>.Instance);
        _control = await TestDatabase.CreateAsync("control");
        await migrator.MigrateControlAsync(_control.ConnectionString);
        Control = new ControlDatabase(NpgsqlDataSource.Create(_control.ConnectionString + ";Maximum Pool Size=20"));
        Secrets = new SecretStore(
            Control, SecretProtector.FromSetting("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
        Databases = new TenantDatabaseStore(Control, Secrets);
        Setup = new TenantDatabaseSetup(Databases, migrator);
        Database = await AddDatabaseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        var roles = new List<string>();
        foreach (var (test, address) in _tenants)
        {
            roles.AddRange([address.Roles.Tenants, address.Roles.Ingest]);
            await using (var connection = new NpgsqlConnection(test.ConnectionString))
            {
                await connection.OpenAsync();
                roles.AddRange(await connection.Sql("SELECT role_name::text FROM fleet.customers").ListAsync(row => row.GetString(0)));
            }

            await test.DisposeAsync();
        }

        await Control.DisposeAsync();
        await _control!.DisposeAsync();
        foreach (var role in Enumerable.Reverse(roles))
        {
            await TestDatabase.ExecuteOnServerAsync($"DROP ROLE IF EXISTS \"{role}\"");
        }
    }

    /// <summary>Runs one of the control database's scripts once more, as when a build that brings it starts.</summary>
    public async Task MigrateAgainAsync(string script)
    {
        await using (var connection = await Control.OpenAsync())
        {
            await connection.Sql("DELETE FROM public.schemaversions WHERE scriptname LIKE '%' || $1", script).RunAsync();
        }

        await new SchemaMigrator(NullLogger<SchemaMigrator>.Instance).MigrateControlAsync(_control!.ConnectionString);
    }

    /// <summary>Adds another prepared tenant database.</summary>
    public async Task<TenantDatabaseAddress> AddDatabaseAsync(HostingMode mode = HostingMode.MultiTenant, string? template = null)
    {
        var test = await TestDatabase.CreateAsync("tenants", template);
        var server = new NpgsqlConnectionStringBuilder(test.ConnectionString);
        var address = await Databases.AddAsync(
            server.Host!, server.Port, test.Name, server.Username!, "Prefer", certificateSha256: null, default);
        _tenants.Add((test, address));
        await Secrets.SetAsync(address.SecretName(address.AdminUser), server.Password ?? "", default);
        await Setup.PrepareAsync(address, mode, default);
        return address;
    }

    /// <summary>Adds a database of another server, as it is, and leaves its end to the caller.</summary>
    public async Task<TenantDatabaseAddress> AddForeignDatabaseAsync(
        NpgsqlConnectionStringBuilder administrator, string? certificateSha256)
    {
        var address = await Databases.AddAsync(
            administrator.Host!,
            administrator.Port,
            administrator.Database!,
            administrator.Username!,
            administrator.SslMode.ToString(),
            certificateSha256,
            default);
        await Secrets.SetAsync(address.SecretName(address.AdminUser), administrator.Password ?? "", default);
        return address;
    }

    /// <summary>Adds a routed tenant to the shared database, or to a new one of its own.</summary>
    public async Task<(TenantPlacement Tenant, TenantDatabaseAddress Database)> AddRoutedTenantAsync(HostingMode mode)
    {
        var database = mode == HostingMode.MultiTenant ? Database : await AddDatabaseAsync(mode);
        return (await AddRoutedTenantAsync(database), database);
    }

    /// <summary>Adds another way to <see cref="Database"/>, by another port of this machine.</summary>
    public async Task<TenantDatabaseAddress> AddAliasAsync(int port)
    {
        var alias = await Databases.AddAsync("127.0.0.1", port, Database.Name, Database.AdminUser, "Disable", certificateSha256: null, default);
        var role = await Databases.RoleLoginAsync(Database, Database.Roles.Ingest, default);
        await Secrets.SetAsync(alias.SecretName(alias.Roles.Ingest), role.Settings.Password!, default);
        return alias;
    }

    /// <summary>Adds a tenant with a placement that is being prepared.</summary>
    public async Task<TenantPlacement> AddTenantAsync(long epoch = 1)
    {
        var tenant = new Tenant
        {
            Id = Guid.CreateVersion7(),
            Company = "Acme",
            Email = "fleet@acme.example",
            Plan = PlanId.Hobby,
            State = TenantState.Provisioning,
            Signup = "{}",
            Recommendation = "{}",
        };
        var placement = new TenantPlacement
        {
            TenantId = tenant.Id,
            Epoch = epoch,
            Home = epoch,
            Plan = tenant.Plan,
            Mode = HostingMode.MultiTenant,
            Provider = HostingProvider.Hetzner,
            Region = "fsn1",
            Hostname = $"{ResourceNames.HostLabel(tenant.Id)}.test",
            State = PlacementState.Preparing,
        };
        await Control.TransactAsync(async transaction =>
        {
            await TenantStore.AddAsync(transaction, tenant, default);
            await PlacementStore.AddAsync(transaction, placement, operationId: null, default);
            return true;
        });
        return placement;
    }

    /// <summary>Adds a tenant that is served by <see cref="Database"/> or another.</summary>
    public async Task<TenantPlacement> AddServedTenantAsync(long epoch = 1, TenantDatabaseAddress? database = null)
    {
        var placement = await AddTenantAsync(epoch) with { DatabaseId = (database ?? Database).Id };
        await Setup.AddTenantAsync(database ?? Database, placement, default);
        return placement;
    }

    /// <summary>Adds a tenant that is served by <see cref="Database"/> or another, as routing knows.</summary>
    public async Task<TenantPlacement> AddRoutedTenantAsync(TenantDatabaseAddress? database = null)
    {
        var placement = await AddServedTenantAsync(database: database);
        var placements = new PlacementStore(Control);
        await placements.UseDatabaseAsync(placement.TenantId, placement.Epoch, placement.DatabaseId!.Value, default);
        await placements.EnterAsync(placement.TenantId, placement.Epoch, PlacementState.Serving, default);
        return placement with { State = PlacementState.Serving };
    }

    /// <summary>Sessions of a process that has seen no placement yet.</summary>
    public TenantSessions NewSessions() => new(
        new PlacementCache(new PlacementStore(Control), new MemoryCache(new MemoryCacheOptions())), new TenantConnections(Databases));

    /// <summary>Adds a server with so many slots.</summary>
    public async Task<Server> AddServerAsync(int capacity, string region = "fsn1")
    {
        var number = Random.Shared.NextInt64(1, long.MaxValue);
        var server = new Server
        {
            Id = Guid.CreateVersion7(),
            Name = $"ax52-{number}",
            ProviderServerNumber = number,
            Region = region,
            Address = "192.0.2.1",
            State = ServerState.Accepting,
            DatabaseId = Database.Id,
            Capacity = capacity,
            Tenants = 0,
        };
        await Control.TransactAsync(async transaction =>
        {
            await ServerStore.AddAsync(transaction, server, default);
            return true;
        });
        return server;
    }

    /// <summary>Opens a connection as one of the tenant database's roles.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string role, TenantDatabaseAddress? database = null)
    {
        var login = await Databases.RoleLoginAsync(database ?? Database, role, default);
        return await login.OpenAsync(default);
    }

    /// <summary>Runs one statement in the control database.</summary>
    public async Task RunInControlAsync(string sql, params object?[] values)
    {
        await using var connection = await Control.OpenAsync();
        await connection.Sql(sql, values).RunAsync();
    }

    /// <summary>Runs one statement as the tenant database's administrator.</summary>
    public Task<T?> AskAsync<T>(string sql, params object?[] values) => AskAtAsync<T>(Database, sql, values);

    /// <summary>Runs one statement as a database's administrator.</summary>
    public async Task<T?> AskAtAsync<T>(TenantDatabaseAddress database, string sql, params object?[] values)
    {
        await using var connection = await (await Databases.AdminLoginAsync(database, default)).OpenAsync(default);
        return await connection.Sql(sql, values).FirstAsync(row => row.GetFieldValue<T>(0));
    }

    /// <summary>Runs one statement as the tenant database's administrator, without an answer.</summary>
    public Task RunAsync(string sql, params object?[] values) => RunAtAsync(Database, sql, values);

    /// <summary>Runs one statement as a database's administrator, without an answer.</summary>
    public async Task RunAtAsync(TenantDatabaseAddress database, string sql, params object?[] values)
    {
        await using var connection = await (await Databases.AdminLoginAsync(database, default)).OpenAsync(default);
        await connection.Sql(sql, values).RunAsync();
    }
}
