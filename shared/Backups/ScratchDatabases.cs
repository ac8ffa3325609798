using Npgsql;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Security;

namespace WebHost.Backups;

/// <summary>
/// Databases that are made to restore something into, and dropped. The tenant has no role there: on a server with the
/// tenant's own database a role of that name would be the tenant's real one.
/// </summary>
public sealed class ScratchDatabases(
    Settings settings,
    ControlDatabase control,
    TenantDatabaseStore databases,
    TenantDatabaseSetup setup,
    SecretStore secrets,
    MovingConnections connections)
{
    private const long Epoch = 1;
    private const string NamePrefix = "webhost_scratch_";

    /// <summary>
    /// Makes a database in which the tenant is expected, in place of one that was made for the same run before.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no server for it: Backups__ScratchDatabase.</exception>
    public async Task<JoinedTenant> CreateAsync(Guid runId, Guid tenantId, CancellationToken cancellationToken)
    {
        await DropAsync(runId, cancellationToken);
        return await EnsureAsync(runId, tenantId, cancellationToken);
    }

    /// <summary>Makes a database in which the tenant is expected, unless it was made for the same run before.</summary>
    /// <exception cref="InvalidOperationException">There is no server for it: Backups__ScratchDatabase.</exception>
    public async Task<JoinedTenant> EnsureAsync(Guid runId, Guid tenantId, CancellationToken cancellationToken)
    {
        // Noted before it is made: what is made is found and dropped, whatever happens in between.
        var database = await RegisterAsync(runId, cancellationToken);
        await using (var server = await OpenServerAsync(cancellationToken))
        {
            if (!await IsThereAsync(server, database, cancellationToken))
            {
                await server.Sql($"CREATE DATABASE \"{database.Name}\"").RunAsync(cancellationToken);
            }
        }

        await setup.PrepareAsync(database, HostingMode.MultiTenant, cancellationToken);
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        await connection.Sql(
            """
            INSERT INTO fleet.customers (customer_id, role_name, epoch, writable, away) VALUES ($1, 'nobody', $2, false, true)
            ON CONFLICT (customer_id) DO NOTHING
            """,
            tenantId, Epoch).RunAsync(cancellationToken);
        return new JoinedTenant(database, tenantId, Epoch);
    }

    /// <summary>The database that was made for a run, or null when it is gone.</summary>
    public async Task<JoinedTenant?> FindAsync(Guid runId, Guid tenantId, CancellationToken cancellationToken)
    {
        var database = await RegisterAsync(runId, cancellationToken);
        await using var server = await OpenServerAsync(cancellationToken);
        return await IsThereAsync(server, database, cancellationToken) ? new JoinedTenant(database, tenantId, Epoch) : null;
    }

    /// <summary>Drops a run's database with its roles. One that is not there is dropped already.</summary>
    public async Task DropAsync(Guid runId, CancellationToken cancellationToken)
    {
        var database = await RegisterAsync(runId, cancellationToken);
        await using (var server = await OpenServerAsync(cancellationToken))
        {
            await server.Sql($"DROP DATABASE IF EXISTS \"{database.Name}\" WITH (FORCE)").RunAsync(cancellationToken);
            await server.Sql($"DROP ROLE IF EXISTS \"{database.Roles.Ingest}\", \"{database.Roles.Tenants}\"")
                .RunAsync(cancellationToken);
        }

        await databases.RemoveAsync(database, cancellationToken);
    }

    /// <summary>Drops the databases of operations that are over, which is none unless dropping one has failed.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> DropForgottenAsync(CancellationToken cancellationToken)
    {
        if (settings.Backups.ScratchDatabase is null)
        {
            return 0;
        }

        await using var connection = await control.OpenAsync(cancellationToken);
        var forgotten = await connection.Sql(
            """
            SELECT o.id FROM databases d JOIN operations o ON d.name = $1 || replace(o.id::text, '-', '')
            WHERE starts_with(d.name, $1) AND o.finished_at IS NOT NULL
            """,
            NamePrefix).ListAsync(row => row.GetGuid(0), cancellationToken);
        foreach (var runId in forgotten)
        {
            await DropAsync(runId, cancellationToken);
        }

        return forgotten.Count;
    }

    private static string Name(Guid runId) => $"{NamePrefix}{runId:n}";

    private NpgsqlConnectionStringBuilder Server => new(settings.Backups.ScratchDatabase
        ?? throw new InvalidOperationException("Backups__ScratchDatabase names no server."));

    private async Task<TenantDatabaseAddress> RegisterAsync(Guid runId, CancellationToken cancellationToken)
    {
        var server = Server;
        var database = await databases.AddAsync(
            server.Host!,
            server.Port,
            Name(runId),
            server.Username!,
            server.SslMode.ToString(),
            certificateSha256: null,
            cancellationToken);
        await secrets.SetAsync(database.SecretName(database.AdminUser), server.Password ?? "", cancellationToken);
        return database;
    }

    private static async Task<bool> IsThereAsync(
        NpgsqlConnection server, TenantDatabaseAddress database, CancellationToken cancellationToken) =>
        await server.Sql("SELECT true FROM pg_database WHERE datname = $1", database.Name)
            .FirstAsync(row => row.GetBoolean(0), cancellationToken);

    private async Task<NpgsqlConnection> OpenServerAsync(CancellationToken cancellationToken)
    {
        var server = Server;
        server.Pooling = false;
        var connection = new NpgsqlConnection(server.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
