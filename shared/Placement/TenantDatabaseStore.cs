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
/// <param name="CertificateSha256">
/// SHA-256 of the certificate that the server shows, in hexadecimal digits: no other one is accepted, and TLS is required.
/// Absent where the TLS mode alone decides.
/// </param>
public sealed record TenantDatabaseAddress(
    Guid Id, string Host, int Port, string Name, string AdminUser, string SslMode, string? CertificateSha256 = null)
{
    /// <summary>Roles of this database.</summary>
    public TenantDatabaseRoles Roles => new(Name);

    /// <summary>Whether only the right server can answer: its certificate is known, or judged by its issuer.</summary>
    public bool IsAuthenticated => CertificateSha256 is not null || SslMode is "VerifyCA" or "VerifyFull";

    /// <summary>Name under which a role's password is kept.</summary>
    public string SecretName(string role) => $"{SecretPrefix}{role}";

    /// <summary>What the names of this database's passwords begin with.</summary>
    public string SecretPrefix => $"database/{Id}/";

    /// <summary>The login of one of the database's roles.</summary>
    public TenantDatabaseLogin For(string role, string password) => new(
        new NpgsqlConnectionStringBuilder
        {
            Host = Host,
            Port = Port,
            Database = Name,
            Username = role,
            Password = password,
            // Npgsql judges the certificate by itself in the stricter modes, and may do without one in the others.
            SslMode = CertificateSha256 is null ? Enum.Parse<SslMode>(SslMode) : Npgsql.SslMode.Require,
            Timeout = 10,
            KeepAlive = 30,
        },
        CertificateSha256);
}

/// <summary>Tenant databases, in the control database, with their passwords in the secret store.</summary>
public sealed class TenantDatabaseStore(ControlDatabase control, SecretStore secrets)
{
    /// <summary>Adds a database, or brings the one at that host, port and name up to date; answers its id.</summary>
    /// <exception cref="ServerTakenException">It is the database of a server in service.</exception>
    public async Task<TenantDatabaseAddress> AddAsync(
        string host,
        int port,
        string name,
        string adminUser,
        string sslMode,
        string? certificateSha256,
        CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var id = await connection.Sql(
            """
            INSERT INTO databases (id, host, port, name, admin_user, ssl_mode, certificate_sha256)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (host, port, name) DO UPDATE SET
                admin_user = excluded.admin_user,
                ssl_mode = excluded.ssl_mode,
                certificate_sha256 = excluded.certificate_sha256
            WHERE NOT EXISTS (SELECT FROM servers s WHERE s.database_id = databases.id)
            RETURNING id
            """,
            Guid.CreateVersion7(), host, port, name, adminUser, sslMode, certificateSha256)
            .FirstAsync(row => (Guid?)row.GetGuid(0), cancellationToken)
            ?? throw new ServerTakenException($"Database {name} at {host}:{port} is that of a server in service.");
        return new TenantDatabaseAddress(id, host, port, name, adminUser, sslMode, certificateSha256);
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
            "SELECT id, host, port, name, admin_user, ssl_mode, certificate_sha256 FROM databases WHERE id = $1", id)
            .FirstAsync(
                row => new TenantDatabaseAddress(
                    row.GetGuid(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4), row.GetString(5),
                    row.IsDBNull(6) ? null : row.GetString(6)),
                cancellationToken);
    }

    /// <summary>Forgets a database that no longer exists, with its passwords. No tenant may be served from it.</summary>
    public async Task RemoveAsync(TenantDatabaseAddress database, CancellationToken cancellationToken)
    {
        await using (var connection = await control.OpenAsync(cancellationToken))
        {
            await connection.Sql(
                """
                UPDATE homes h SET database_id = NULL
                WHERE database_id = $1 AND NOT EXISTS (
                    SELECT FROM placements p WHERE p.tenant_id = h.tenant_id AND p.home = h.number AND p.state = $2)
                """,
                database.Id, PlacementState.Serving).RunAsync(cancellationToken);
            await connection.Sql("DELETE FROM databases WHERE id = $1", database.Id).RunAsync(cancellationToken);
        }

        await secrets.RemoveAllAsync(database.SecretPrefix, cancellationToken);
    }

    /// <summary>The administrator's login.</summary>
    public async Task<TenantDatabaseLogin> AdminLoginAsync(
        TenantDatabaseAddress database, CancellationToken cancellationToken) =>
        database.For(
            database.AdminUser, await secrets.GetAsync(database.SecretName(database.AdminUser), cancellationToken));

    /// <summary>A role's login; a password is made for a role that has none yet.</summary>
    public async Task<TenantDatabaseLogin> RoleLoginAsync(
        TenantDatabaseAddress database, string role, CancellationToken cancellationToken) =>
        database.For(role, await secrets.GetOrCreateAsync(database.SecretName(role), cancellationToken));

    /// <summary>Forgets the password of a role that no longer exists.</summary>
    public Task ForgetRoleAsync(TenantDatabaseAddress database, string role, CancellationToken cancellationToken) =>
        secrets.RemoveAsync(database.SecretName(role), cancellationToken);
}
