using System.Net;
using Npgsql;
using WebHost.Data;
using WebHost.Plans;

namespace WebHost.Placement;

/// <summary>Makes a PostgreSQL database fit for tenants, and tenants at home in it. Every method may be repeated.</summary>
public sealed class TenantDatabaseSetup(TenantDatabaseStore databases, SchemaMigrator migrator)
{
    // A role's share of the server: enough for a tenant's own pool on a few instances, too little to starve the others.
    private const int SharedConnectionLimit = 10;
    private const int DedicatedConnectionLimit = 100;

    private const int OldestVersion = 15;

    // Tables with a tenant's rows, children before parents.
    private static readonly string[] TenantTables =
        ["points", "positions", "heartbeats", "quarantine", "device_vehicles", "devices", "vehicles", "geofences", "customers"];

    /// <summary>Looks as the administrator whether a database that somebody else made could be prepared and serve tenants.</summary>
    /// <returns>What was found, for people.</returns>
    /// <exception cref="TenantDatabaseNotFitException">It could not; the message says what is missing.</exception>
    public async Task<string> InspectAsync(TenantDatabaseAddress database, CancellationToken cancellationToken)
    {
        await using var connection =
            await OpenAsync(await databases.AdminConnectionAsync(database, cancellationToken), cancellationToken);
        var (version, makesRoles, postgis, timescale, encrypted) = await connection.Sql(
            """
            SELECT current_setting('server_version_num')::int / 10000,
                   (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user),
                   EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis'),
                   EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb'),
                   coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)
            """).FirstAsync(
            row => (row.GetInt32(0), row.GetBoolean(1), row.GetBoolean(2), row.GetBoolean(3), row.GetBoolean(4)), cancellationToken);
        void Require(bool condition, string fault)
        {
            if (!condition)
            {
                throw new TenantDatabaseNotFitException($"Database {database.Name} at {database.Host}: {fault}");
            }
        }

        Require(version >= OldestVersion, $"PostgreSQL {version} is too old; {OldestVersion} is the oldest that will do.");
        Require(makesRoles, $"Role {database.AdminUser} may not create roles.");
        Require(postgis, "PostGIS is not installed.");
        Require(
            encrypted || IPAddress.TryParse(database.Host, out var address) && IPAddress.IsLoopback(address),
            "The connection is not encrypted.");
        return $"PostgreSQL {version} with PostGIS{(timescale ? " and TimescaleDB" : "")}{(encrypted ? ", encrypted" : "")}.";
    }

    /// <summary>Creates the database's roles and schema.</summary>
    /// <param name="database">The database.</param>
    /// <param name="mode">Whether it is for one tenant or for many; the same at every repetition.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public async Task PrepareAsync(TenantDatabaseAddress database, HostingMode mode, CancellationToken cancellationToken)
    {
        var roles = database.Roles;
        var admin = await databases.AdminConnectionAsync(database, cancellationToken);
        var ingest = await databases.RoleConnectionAsync(database, roles.Ingest, cancellationToken);
        await using (var connection = await OpenAsync(admin, cancellationToken))
        {
            await EnsureRoleAsync(connection, roles.Tenants, "NOLOGIN", cancellationToken);
            await EnsureRoleAsync(connection, roles.Ingest, $"LOGIN PASSWORD '{ingest.Password}'", cancellationToken);
            await connection.Sql(
                $"""
                REVOKE ALL ON DATABASE "{database.Name}" FROM PUBLIC;
                GRANT CONNECT ON DATABASE "{database.Name}" TO "{roles.Tenants}", "{roles.Ingest}";
                CREATE EXTENSION IF NOT EXISTS postgis;
                """).RunAsync(cancellationToken);
        }

        await migrator.MigrateTenantDatabaseAsync(
            admin.ConnectionString, roles.Tenants, roles.Ingest, mode, cancellationToken);
    }

    /// <summary>Gives the tenant its role with its limits, and has the database serve it at the placement's epoch.</summary>
    public async Task AddTenantAsync(
        TenantDatabaseAddress database, TenantPlacement placement, CancellationToken cancellationToken)
    {
        await using var connection = await AddRoleAsync(database, placement, cancellationToken);
        await connection.Sql(
            """
            INSERT INTO fleet.customers AS served (customer_id, role_name, epoch, writable) VALUES ($1, $2::name, $3, true)
            ON CONFLICT (customer_id) DO UPDATE SET role_name = excluded.role_name, epoch = excluded.epoch, writable = true
            WHERE served.epoch < excluded.epoch
            """,
            placement.TenantId, placement.Names.TenantRole, placement.Epoch).RunAsync(cancellationToken);
    }

    /// <summary>
    /// Gives a tenant that is to move here its role with its limits. The database takes its writes only when it has taken over
    /// (<see cref="Migration.Fence.TakeOverAsync"/>).
    /// </summary>
    /// <exception cref="InvalidOperationException">The database serves the tenant.</exception>
    public async Task ExpectTenantAsync(
        TenantDatabaseAddress database, TenantPlacement placement, CancellationToken cancellationToken)
    {
        await using var connection = await AddRoleAsync(database, placement, cancellationToken);
        var expected = await connection.Sql(
            """
            INSERT INTO fleet.customers AS known (customer_id, role_name, epoch, writable, away)
            VALUES ($1, $2::name, $3, false, true)
            ON CONFLICT (customer_id) DO UPDATE SET role_name = excluded.role_name, epoch = excluded.epoch
            WHERE known.away AND known.epoch <= excluded.epoch
            """,
            placement.TenantId, placement.Names.TenantRole, placement.Epoch).RunAsync(cancellationToken);
        if (expected == 0)
        {
            throw new InvalidOperationException(
                $"Database {database.Name} serves tenant {placement.TenantId}, or did at an epoch above {placement.Epoch}.");
        }
    }

    /// <summary>Takes the tenant's rows and role out of the database, and forgets the role's password.</summary>
    public async Task RemoveTenantAsync(
        TenantDatabaseAddress database, TenantPlacement placement, CancellationToken cancellationToken)
    {
        var role = placement.Names.TenantRole;
        await using var connection =
            await OpenAsync(await databases.AdminConnectionAsync(database, cancellationToken), cancellationToken);
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            foreach (var table in TenantTables)
            {
                await transaction.Sql($"DELETE FROM fleet.{table} WHERE customer_id = $1", placement.TenantId)
                    .RunAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        await connection.Sql($"""DROP ROLE IF EXISTS "{role}" """).RunAsync(cancellationToken);
        await databases.ForgetRoleAsync(database, role, cancellationToken);
    }

    /// <summary>
    /// Proves as the tenant's own role that it can write at its epoch, that it sees nobody else's rows whatever it claims to
    /// be, and as the ingesting role that its points are taken. Leaves nothing behind.
    /// </summary>
    /// <exception cref="TenantDatabaseNotFitException">One of these does not hold; the message says which.</exception>
    public async Task VerifyAsync(TenantDatabaseAddress database, TenantPlacement placement, CancellationToken cancellationToken)
    {
        var tenant = await databases.RoleConnectionAsync(database, placement.Names.TenantRole, cancellationToken);
        await using (var connection = await OpenAsync(tenant, cancellationToken))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ActAsAsync(transaction, placement.TenantId, cancellationToken);
            await transaction.Sql("SELECT fleet.begin_write($1)", placement.Epoch).RunAsync(cancellationToken);
            var foreign = await transaction.Sql(
                "SELECT (SELECT count(*) FROM fleet.vehicles WHERE customer_id <> $1) + (SELECT count(*) FROM fleet.positions WHERE customer_id <> $1)",
                placement.TenantId).FirstAsync(row => row.GetInt64(0), cancellationToken);
            await ActAsAsync(transaction, Guid.CreateVersion7(), cancellationToken);
            var impersonated = await transaction.Sql("SELECT fleet.current_customer() IS NOT NULL")
                .FirstAsync(row => row.GetBoolean(0), cancellationToken);
            if (foreign > 0 || impersonated)
            {
                throw new TenantDatabaseNotFitException(
                    $"Role {placement.Names.TenantRole} of database {database.Name} sees rows that are not the tenant's.");
            }
        }

        var ingest = await databases.RoleConnectionAsync(database, database.Roles.Ingest, cancellationToken);
        await using (var connection = await OpenAsync(ingest, cancellationToken))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var admitted = await transaction.Sql(
                "SELECT fleet.ingest_heartbeats(ARRAY[$1], ARRAY[$2], '{}', '{}', '{}', '{}')",
                placement.TenantId, placement.Epoch).FirstAsync(row => row.GetFieldValue<Guid[]>(0), cancellationToken);
            if (admitted is not [var only] || only != placement.TenantId)
            {
                throw new TenantDatabaseNotFitException(
                    $"Database {database.Name} does not take points of tenant {placement.TenantId} at epoch {placement.Epoch}.");
            }
        }
    }

    /// <summary>Says in the transaction-local setting for which tenant the transaction runs.</summary>
    internal static Task ActAsAsync(NpgsqlTransaction transaction, Guid tenantId, CancellationToken cancellationToken) =>
        transaction.Sql("SELECT set_config('webhost.customer_id', $1, true)", tenantId.ToString()).RunAsync(cancellationToken);

    private async Task<NpgsqlConnection> AddRoleAsync(
        TenantDatabaseAddress database, TenantPlacement placement, CancellationToken cancellationToken)
    {
        var role = placement.Names.TenantRole;
        var shared = placement.ServerId is not null;
        var tenant = await databases.RoleConnectionAsync(database, role, cancellationToken);
        var connection = await OpenAsync(await databases.AdminConnectionAsync(database, cancellationToken), cancellationToken);
        try
        {
            await EnsureRoleAsync(
                connection,
                role,
                $"LOGIN PASSWORD '{tenant.Password}' CONNECTION LIMIT {(shared ? SharedConnectionLimit : DedicatedConnectionLimit)}",
                cancellationToken);
            await connection.Sql(
                $"""
                GRANT "{database.Roles.Tenants}" TO "{role}";
                ALTER ROLE "{role}" SET statement_timeout = '30s';
                ALTER ROLE "{role}" SET idle_in_transaction_session_timeout = '60s';
                ALTER ROLE "{role}" SET work_mem = '{(shared ? "8MB" : "32MB")}';
                """).RunAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<NpgsqlConnection> OpenAsync(
        NpgsqlConnectionStringBuilder connectionString, CancellationToken cancellationToken)
    {
        connectionString.Pooling = false;
        var connection = new NpgsqlConnection(connectionString.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    // CREATE ROLE takes no parameters. Role names and passwords are made by this application of letters, digits, '_' and '-'.
    private static Task EnsureRoleAsync(
        NpgsqlConnection connection, string role, string options, CancellationToken cancellationToken) =>
        connection.Sql(
            $"""
            DO $do$ BEGIN
                IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    ALTER ROLE "{role}" WITH {options};
                ELSE
                    CREATE ROLE "{role}" WITH {options};
                END IF;
            END $do$
            """).RunAsync(cancellationToken);
}

/// <summary>A tenant database failed its verification.</summary>
public sealed class TenantDatabaseNotFitException(string message) : Exception(message);
