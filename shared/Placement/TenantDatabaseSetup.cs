using System.Net;
using Npgsql;
using WebHost.Data;
using WebHost.Plans;
using WebHost.Security;

namespace WebHost.Placement;

/// <summary>Makes a PostgreSQL database fit for tenants, and tenants at home in it. Every method may be repeated.</summary>
public sealed class TenantDatabaseSetup(TenantDatabaseStore databases, SchemaMigrator migrator)
{
    // A role's share of the server: enough for a tenant's own pool on a few instances, too little to starve the others.
    private const int SharedConnectionLimit = 10;
    private const int DedicatedConnectionLimit = 100;

    private const int OldestVersion = 15;

    private const int RowsPerDelete = 5_000;

    // Tables that grow without end, with what tells their rows apart.
    private static readonly (string Name, string Key)[] GrowingTables =
        [("points", "device_id, fix_time"), ("quarantine", "device_id, received_at, digest")];

    // Tables with a tenant's rows, children before parents.
    private static readonly string[] TenantTables =
        ["points", "positions", "heartbeats", "quarantine", "device_vehicles", "devices", "vehicles", "geofences", "customers"];

    /// <summary>Looks as the administrator whether a database that somebody else made could be prepared and serve tenants.</summary>
    /// <returns>What was found, for people.</returns>
    /// <exception cref="TenantDatabaseNotFitException">It could not; the message says what is missing.</exception>
    public async Task<string> InspectAsync(TenantDatabaseAddress database, CancellationToken cancellationToken) =>
        await InspectAsync(database, await databases.AdminLoginAsync(database, cancellationToken), cancellationToken);

    /// <summary>The same with the login of an administrator who is not known yet.</summary>
    internal static async Task<string> InspectAsync(
        TenantDatabaseAddress database, TenantDatabaseLogin administrator, CancellationToken cancellationToken)
    {
        await using var connection = await administrator.OpenAsync(cancellationToken);
        var (version, makesRoles, owns, postgis, addsPostgis, timescale, encrypted) = await connection.Sql(
            """
            SELECT current_setting('server_version_num')::int / 10000,
                   role.rolcreaterole OR role.rolsuper,
                   pg_has_role(own.datdba, 'USAGE'),
                   postgis.name IS NOT NULL,
                   role.rolsuper OR coalesce(postgis.installed_version IS NOT NULL OR postgis.trusted, false),
                   EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb'),
                   coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)
            FROM pg_roles role
            JOIN pg_database own ON own.datname = current_database()
            LEFT JOIN (
                SELECT e.name, e.installed_version, v.trusted
                FROM pg_available_extensions e
                JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
            ) postgis ON postgis.name = 'postgis'
            WHERE role.rolname = current_user
            """).FirstAsync(
            row => (row.GetInt32(0), row.GetBoolean(1), row.GetBoolean(2), row.GetBoolean(3), row.GetBoolean(4), row.GetBoolean(5),
                row.GetBoolean(6)),
            cancellationToken);
        void Require(bool condition, string fault)
        {
            if (!condition)
            {
                throw new TenantDatabaseNotFitException($"Database {database.Name} at {database.Host}: {fault}");
            }
        }

        Require(version >= OldestVersion, $"PostgreSQL {version} is too old; {OldestVersion} is the oldest that will do.");
        Require(makesRoles, $"Role {database.AdminUser} may not create roles.");
        Require(owns, $"Role {database.AdminUser} does not own it. ALTER DATABASE \"{database.Name}\" OWNER TO \"{database.AdminUser}\".");
        Require(postgis, "PostGIS is not installed.");
        Require(addsPostgis, $"Role {database.AdminUser} may not add PostGIS to it. CREATE EXTENSION postgis there as a superuser.");
        if (!(IPAddress.TryParse(database.Host, out var address) && IPAddress.IsLoopback(address)))
        {
            Require(encrypted, "The connection is not encrypted.");
            Require(database.IsAuthenticated, "Anybody could answer in its place: its certificate was not reported.");
        }

        return $"PostgreSQL {version} with PostGIS{(timescale ? " and TimescaleDB" : "")}{(encrypted ? ", encrypted" : "")}.";
    }

    /// <summary>Creates the database's roles and schema.</summary>
    /// <param name="database">The database.</param>
    /// <param name="mode">Whether it is for one tenant or for many; the same at every repetition.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public async Task PrepareAsync(TenantDatabaseAddress database, HostingMode mode, CancellationToken cancellationToken)
    {
        var roles = database.Roles;
        var admin = await databases.AdminLoginAsync(database, cancellationToken);
        var ingest = await databases.RoleLoginAsync(database, roles.Ingest, cancellationToken);
        await using (var connection = await admin.OpenAsync(cancellationToken))
        {
            await EnsureRoleAsync(connection, roles.Tenants, "NOLOGIN", cancellationToken);
            await EnsureRoleAsync(connection, roles.Ingest, $"LOGIN {Password(ingest)}", cancellationToken);
            await connection.Sql(
                $"""
                REVOKE ALL ON DATABASE "{database.Name}" FROM PUBLIC;
                GRANT CONNECT ON DATABASE "{database.Name}" TO "{roles.Tenants}", "{roles.Ingest}";
                CREATE EXTENSION IF NOT EXISTS postgis;
                """).RunAsync(cancellationToken);
        }

        await UpdateSchemaAsync(database, mode, cancellationToken);
    }

    /// <summary>Brings a prepared database to the schema of this build. Repeating it is harmless.</summary>
    /// <param name="database">The database.</param>
    /// <param name="mode">Whether it is for one tenant or for many; the same at every repetition.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public async Task UpdateSchemaAsync(TenantDatabaseAddress database, HostingMode mode, CancellationToken cancellationToken)
    {
        var admin = await databases.AdminLoginAsync(database, cancellationToken);
        await using var source = admin.CreatePool();
        await migrator.MigrateTenantDatabaseAsync(
            source, database.Roles.Tenants, database.Roles.Ingest, mode, cancellationToken);
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

    /// <summary>
    /// Takes the tenant's rows and role out of the database, and forgets the role's password. Rows go in small steps, so that
    /// others on the server do not feel it.
    /// </summary>
    /// <exception cref="TenantDatabaseNotFitException">Rows are left all the same.</exception>
    public async Task RemoveTenantAsync(
        TenantDatabaseAddress database, TenantPlacement placement, CancellationToken cancellationToken)
    {
        var role = placement.Names.TenantRole;
        await using var connection =
            await (await databases.AdminLoginAsync(database, cancellationToken)).OpenAsync(cancellationToken);
        foreach (var table in GrowingTables)
        {
            while (await connection.Sql(
                $"""
                DELETE FROM fleet.{table.Name} WHERE customer_id = $1 AND ({table.Key}) IN (
                    SELECT {table.Key} FROM fleet.{table.Name} WHERE customer_id = $1 LIMIT {RowsPerDelete})
                """,
                placement.TenantId).RunAsync(cancellationToken) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            foreach (var table in TenantTables)
            {
                await transaction.Sql($"DELETE FROM fleet.{table} WHERE customer_id = $1", placement.TenantId)
                    .RunAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        foreach (var table in TenantTables)
        {
            var left = await connection.Sql(
                $"SELECT count(*) FROM fleet.{table} WHERE customer_id = $1", placement.TenantId)
                .FirstAsync(row => row.GetInt64(0), cancellationToken);
            if (left > 0)
            {
                throw new TenantDatabaseNotFitException(
                    $"Database {database.Name} still has {left} rows of tenant {placement.TenantId} in {table}.");
            }
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
        var tenant = await databases.RoleLoginAsync(database, placement.Names.TenantRole, cancellationToken);
        await using (var connection = await tenant.OpenAsync(cancellationToken))
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

        var ingest = await databases.RoleLoginAsync(database, database.Roles.Ingest, cancellationToken);
        await using (var connection = await ingest.OpenAsync(cancellationToken))
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
        var limit = shared ? SharedConnectionLimit : DedicatedConnectionLimit;
        var tenant = await databases.RoleLoginAsync(database, role, cancellationToken);
        var connection = await (await databases.AdminLoginAsync(database, cancellationToken)).OpenAsync(cancellationToken);
        try
        {
            await EnsureRoleAsync(
                connection, role, $"LOGIN {Password(tenant)} CONNECTION LIMIT {limit}", cancellationToken);
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

    // PostgreSQL's log and errors quote a statement that fails.
    private static string Password(TenantDatabaseLogin role) => $"PASSWORD '{ScramVerifier.Of(role.Settings.Password!)}'";

    // CREATE ROLE takes no parameters. Role names are made by this application of letters, digits, '_' and '-'.
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
