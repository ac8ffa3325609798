using Npgsql;

namespace WebHost.Local.Run.Launch;

/// <summary>The two databases of the application and the role that owns them, made on first start.</summary>
internal static class ControlDatabases
{
    private const string Role = "webhost";

    /// <summary>Connection strings of the control database and of the local host's own.</summary>
    public static async Task<(string Control, string LocalHost)> EnsureAsync(
        string adminDatabase, string password, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(adminDatabase);
        await using var connection = await source.OpenConnectionAsync(cancellation);
        if (!await ExistsAsync(connection, "SELECT 1 FROM pg_roles WHERE rolname = $1", Role, cancellation))
        {
            await ExecuteAsync(connection, $"CREATE ROLE {Role} LOGIN NOSUPERUSER", cancellation);
        }

        // Every time: on a server of the user's own the role may come from another state folder. The password is ours,
        // of letters, digits, - and _ only; ALTER ROLE takes no parameters.
        await ExecuteAsync(connection, $"ALTER ROLE {Role} PASSWORD '{password}'", cancellation);
        return (
            await EnsureDatabaseAsync(connection, adminDatabase, "webhost_control", password, cancellation),
            await EnsureDatabaseAsync(connection, adminDatabase, "webhost_local", password, cancellation));
    }

    private static async Task<string> EnsureDatabaseAsync(
        NpgsqlConnection connection, string adminDatabase, string name, string password, CancellationToken cancellation)
    {
        if (!await ExistsAsync(connection, "SELECT 1 FROM pg_database WHERE datname = $1", name, cancellation))
        {
            await ExecuteAsync(connection, $"GRANT {Role} TO CURRENT_USER", cancellation);
            await ExecuteAsync(connection, $"CREATE DATABASE {name} OWNER {Role}", cancellation);
        }

        return new NpgsqlConnectionStringBuilder(adminDatabase)
        {
            Database = name,
            Username = Role,
            Password = password,
        }.ConnectionString;
    }

    private static async Task<bool> ExistsAsync(
        NpgsqlConnection connection, string sql, string name, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = name } } };
        return await command.ExecuteScalarAsync(cancellation) is not null;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
