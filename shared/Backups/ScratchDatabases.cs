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
    TenantDatabaseStore databases,
    TenantDatabaseSetup setup,
    SecretStore secrets,
    MovingConnections connections)
{
    private const long Epoch = 1;

    /// <summary>
    /// Makes a database in which the tenant is expected, in place of one that was made for the same run before.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no server for it: Backups__ScratchDatabase.</exception>
    public async Task<JoinedTenant> CreateAsync(Guid runId, Guid tenantId, CancellationToken cancellationToken)
    {
        await DropAsync(runId, cancellationToken);
        await RunAsync($"CREATE DATABASE \"{Name(runId)}\"", cancellationToken);
        var database = await RegisterAsync(runId, cancellationToken);
        await setup.PrepareAsync(database, HostingMode.MultiTenant, cancellationToken);
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        await connection.Sql(
            "INSERT INTO fleet.customers (customer_id, role_name, epoch, writable, away) VALUES ($1, 'nobody', $2, false, true)",
            tenantId, Epoch).RunAsync(cancellationToken);
        return new JoinedTenant(database, tenantId, Epoch);
    }

    /// <summary>Drops a run's database with its roles. One that is not there is dropped already.</summary>
    public async Task DropAsync(Guid runId, CancellationToken cancellationToken)
    {
        var database = await RegisterAsync(runId, cancellationToken);
        await RunAsync($"DROP DATABASE IF EXISTS \"{database.Name}\" WITH (FORCE)", cancellationToken);
        await RunAsync($"DROP ROLE IF EXISTS \"{database.Roles.Ingest}\", \"{database.Roles.Tenants}\"", cancellationToken);
        await databases.RemoveAsync(database, cancellationToken);
    }

    private static string Name(Guid runId) => $"webhost_scratch_{runId:n}";

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

    private async Task RunAsync(string sql, CancellationToken cancellationToken)
    {
        var server = Server;
        server.Pooling = false;
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await connection.Sql(sql).RunAsync(cancellationToken);
    }
}
