using Npgsql;
using WebHost.Data;
using WebHost.Security;

namespace WebHost.Placement;

/// <summary>Where a tenant database is and who administers it.</summary>
/// <param name="Id">Our id.</param>
/// <param name="Host">DNS name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Name">Name of the database.</param>
/// <param name="AdminUser">Role that owns the database.</param>
/// <param name="SslMode">Npgsql's name of the TLS mode: "Require", "Prefer" …</param>
public sealed record TenantDatabaseAddress(Guid Id, string Host, int Port, string Name, string AdminUser, string SslMode)
{
    /// <summary>Roles of this database.</summary>
    public TenantDatabaseRoles Roles => new(Name);

    /// <summary>Name under which a role's password is kept.</summary>
    public string SecretName(string role) => $"{SecretPrefix}{role}";

    /// <summary>What the names of this database's passwords begin with.</summary>
    public string SecretPrefix => $"database/{Id}/";

    /// <summary>A connection string for one of the database's roles.</summary>
    public NpgsqlConnectionStringBuilder For(string role, string password) => new()
    {
        Host = Host,
        Port = Port,
        Database = Name,
        Username = role,
        Password = password,
        SslMode = Enum.Parse<SslMode>(SslMode),
        Timeout = 10,
        KeepAlive = 30,
    };
}

/// <summary>Tenant databases, in the control database, with their passwords in the secret store.</summary>
public sealed class TenantDatabaseStore(ControlDatabase control, SecretStore secrets)
{
    /// <summary>Adds a database, or brings the one at that host, port and name up to date; answers its id.</summary>
    public async Task<TenantDatabaseAddress> AddAsync(
        string host, int port, string name, string adminUser, string sslMode, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var id = await connection.Sql(
            """
            INSERT INTO databases (id, host, port, name, admin_user, ssl_mode) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (host, port, name) DO UPDATE SET admin_user = excluded.admin_user, ssl_mode = excluded.ssl_mode
            RETURNING id
            """,
            Guid.CreateVersion7(), host, port, name, adminUser, sslMode).FirstAsync(row => row.GetGuid(0), cancellationToken);
        return new TenantDatabaseAddress(id, host, port, name, adminUser, sslMode);
    }

    /// <summary>The ids of all databases, the oldest first.</summary>
    public async Task<IReadOnlyList<Guid>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql("SELECT id FROM databases ORDER BY created_at")
            .ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    /// <summary>The database.</summary>
    /// <exception cref="InvalidOperationException">There is no such database.</exception>
    public async Task<TenantDatabaseAddress> GetAsync(Guid id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) ?? throw new InvalidOperationException($"There is no database {id}.");

    /// <summary>The database, or null.</summary>
    public async Task<TenantDatabaseAddress?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "SELECT id, host, port, name, admin_user, ssl_mode FROM databases WHERE id = $1", id)
            .FirstAsync(
                row => new TenantDatabaseAddress(
                    row.GetGuid(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4), row.GetString(5)),
                cancellationToken);
    }

    /// <summary>Forgets a database that no longer exists, with its passwords. A placement must no longer name it.</summary>
    public async Task RemoveAsync(TenantDatabaseAddress database, CancellationToken cancellationToken)
    {
        await using (var connection = await control.OpenAsync(cancellationToken))
        {
            await connection.Sql(
                "UPDATE placements SET database_id = NULL WHERE database_id = $1 AND state <> $2",
                database.Id, PlacementState.Serving).RunAsync(cancellationToken);
            await connection.Sql("DELETE FROM databases WHERE id = $1", database.Id).RunAsync(cancellationToken);
        }

        await secrets.RemoveAllAsync(database.SecretPrefix, cancellationToken);
    }

    /// <summary>The administrator's connection string.</summary>
    public async Task<NpgsqlConnectionStringBuilder> AdminConnectionAsync(
        TenantDatabaseAddress database, CancellationToken cancellationToken) =>
        database.For(
            database.AdminUser, await secrets.GetAsync(database.SecretName(database.AdminUser), cancellationToken));

    /// <summary>A role's connection string; a password is made for a role that has none yet.</summary>
    public async Task<NpgsqlConnectionStringBuilder> RoleConnectionAsync(
        TenantDatabaseAddress database, string role, CancellationToken cancellationToken) =>
        database.For(role, await secrets.GetOrCreateAsync(database.SecretName(role), cancellationToken));

    /// <summary>Forgets the password of a role that no longer exists.</summary>
    public Task ForgetRoleAsync(TenantDatabaseAddress database, string role, CancellationToken cancellationToken) =>
        secrets.RemoveAsync(database.SecretName(role), cancellationToken);
}
