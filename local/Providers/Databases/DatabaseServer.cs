using Npgsql;

namespace WebHost.Local.Providers.Databases;

/// <summary>The PostgreSQL server on which "provisioned" databases are real ones.</summary>
internal sealed partial class DatabaseServer(string adminConnection, ILogger<DatabaseServer> logger) : IAsyncDisposable
{
    // Creating PostGIS takes half a second; copying a database that has it, a tenth.
    private const string Template = "simulators_postgis";

    private readonly NpgsqlConnectionStringBuilder _address = new(adminConnection);
    private readonly NpgsqlDataSource _admin = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(adminConnection) { MaxPoolSize = 8 });

    public string Host => _address.Host!;

    public int Port => _address.Port;

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    /// <exception cref="InvalidOperationException">The server has no PostGIS.</exception>
    public async Task PrepareAsync()
    {
        await using var connection = await _admin.OpenConnectionAsync();
        await ExecuteAsync(connection, "SELECT pg_advisory_lock(hashtextextended('simulators template', 0))");
        try
        {
            if (await ExistsAsync(connection, "pg_database WHERE datistemplate AND datname", Template))
            {
                return;
            }

            if (!await ExistsAsync(connection, "pg_available_extensions WHERE name", "postgis"))
            {
                throw new InvalidOperationException(
                    $"The server at {Host}:{Port} has no PostGIS. On Debian and Ubuntu: apt-get install postgresql-postgis");
            }

            // What a crash left half made.
            await ExecuteAsync(connection, $"DROP DATABASE IF EXISTS {Template} WITH (FORCE)");
            await ExecuteAsync(connection, $"CREATE DATABASE {Template}");
            var inside = new NpgsqlConnectionStringBuilder(adminConnection) { Database = Template, Pooling = false };
            await using (var template = new NpgsqlConnection(inside.ConnectionString))
            {
                await template.OpenAsync();
                await ExecuteAsync(template, "CREATE EXTENSION IF NOT EXISTS postgis");
            }

            await ExecuteAsync(connection, $"ALTER DATABASE {Template} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false");
        }
        finally
        {
            await ExecuteAsync(connection, "SELECT pg_advisory_unlock(hashtextextended('simulators template', 0))");
        }
    }

    /// <summary>A database and its administrator of one name, up and with that password, whatever was there before.</summary>
    public async Task EnsureAsync(string name, string password)
    {
        await using var connection = await _admin.OpenConnectionAsync();
        var role = await ExistsAsync(connection, "pg_roles WHERE rolname", name) ? "ALTER" : "CREATE";
        await ExecuteAsync(connection, $"{role} ROLE {Quote(name)} LOGIN CREATEROLE PASSWORD {Literal(password)}");
        if (!await ExistsAsync(connection, "pg_database WHERE datname", name))
        {
            await ExecuteAsync(connection, $"CREATE DATABASE {Quote(name)} OWNER {Quote(name)} TEMPLATE {Template}");
        }

        await ExecuteAsync(connection, $"REVOKE ALL ON DATABASE {Quote(name)} FROM PUBLIC");
        await SetUpAsync(connection, name, true);
    }

    public async Task<bool> ExistsAsync(string name)
    {
        await using var connection = await _admin.OpenConnectionAsync();
        return await ExistsAsync(connection, "pg_database WHERE datname", name);
    }

    /// <summary>Lets a database answer, or refuse every connection and end those it has. Its data stays.</summary>
    public async Task SetUpAsync(string name, bool up)
    {
        await using var connection = await _admin.OpenConnectionAsync();
        if (await ExistsAsync(connection, "pg_database WHERE datname", name))
        {
            await SetUpAsync(connection, name, up);
        }
    }

    /// <summary>Loses a database's data; its roles stay.</summary>
    public async Task LoseAsync(string name)
    {
        await using var connection = await _admin.OpenConnectionAsync();
        await ExecuteAsync(connection, $"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)");
    }

    /// <summary>Removes a database with the roles that lived for it.</summary>
    public async Task DropAsync(string name)
    {
        await using var connection = await _admin.OpenConnectionAsync();
        var roles = await RolesOfAsync(connection, name);
        await ExecuteAsync(connection, $"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)");
        foreach (var role in roles)
        {
            try
            {
                await ExecuteAsync(connection, $"DROP ROLE IF EXISTS {Quote(role)}");
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
            {
                LogRoleKept(logger, role, name);
            }
        }
    }

    private static async Task SetUpAsync(NpgsqlConnection connection, string name, bool up)
    {
        await ExecuteAsync(connection, $"ALTER DATABASE {Quote(name)} WITH ALLOW_CONNECTIONS {(up ? "true" : "false")}");
        if (!up)
        {
            await ExecuteAsync(
                connection, $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {Literal(name)}");
        }
    }

    // Whoever owns or may use something in the database, and whoever is a member of those; never a superuser.
    private static async Task<List<string>> RolesOfAsync(NpgsqlConnection connection, string name)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH RECURSIVE concerned (role) AS (
                SELECT d.refobjid
                FROM pg_shdepend d JOIN pg_database b ON b.datname = $1
                WHERE d.refclassid = 'pg_authid'::regclass
                  AND (d.dbid = b.oid OR (d.classid = 'pg_database'::regclass AND d.objid = b.oid))
                UNION
                SELECT m.member FROM pg_auth_members m JOIN concerned c ON m.roleid = c.role)
            SELECT rolname FROM pg_roles
            WHERE NOT rolsuper AND rolname !~ '^pg_' AND (rolname = $1 OR oid IN (SELECT role FROM concerned))
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        await using var reader = await command.ExecuteReaderAsync();
        var roles = new List<string>();
        while (await reader.ReadAsync())
        {
            roles.Add(reader.GetString(0));
        }

        return roles;
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, string where, string name)
    {
        await using var command = new NpgsqlCommand($"SELECT EXISTS (SELECT FROM {where} = $1)", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    // Names and passwords of DDL cannot be parameters.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 60 };
        await command.ExecuteNonQueryAsync();
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    [LoggerMessage(2001, LogLevel.Warning, "Role {Role} of database {Database} is in use elsewhere and stays")]
    private static partial void LogRoleKept(ILogger logger, string role, string database);
}
