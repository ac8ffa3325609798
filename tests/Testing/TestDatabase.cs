using Npgsql;

namespace WebHost.Testing;

/// <summary>A new, empty PostgreSQL database that is dropped when the test is done with it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    /// <summary>The environment variable with an administrator's connection string to the test server.</summary>
    public const string ServerVariable = "WEBHOST_TEST_DATABASE";

    private static readonly AsyncLocal<string?> Server = new();

    private TestDatabase(string name)
    {
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(ServerConnectionString) { Database = name }.ConnectionString;
    }

    /// <summary>Connection string of the server's administrator. Fails the test when no server was given.</summary>
    public static string ServerConnectionString =>
        Server.Value
        ?? Environment.GetEnvironmentVariable(ServerVariable)
        ?? throw new InvalidOperationException(
            $"{ServerVariable} is not set. Run ./test.sh, which starts PostgreSQL and sets it.");

    public string Name { get; }

    public string ConnectionString { get; }

    /// <summary>Makes another server that of this flow of calls.</summary>
    internal static void UseServer(string connectionString) => Server.Value = connectionString;

    /// <param name="purpose">Begins the database's name, to be recognised in a server's list; letters and digits only.</param>
    /// <param name="template">A database to copy; a plain one when absent.</param>
    public static async Task<TestDatabase> CreateAsync(string purpose, string? template = null)
    {
        var database = new TestDatabase($"test_{purpose}_{Guid.NewGuid():n}"[..Math.Min(40, purpose.Length + 38)]);
        await ExecuteOnServerAsync(
            $"CREATE DATABASE {database.Name}" + (template is null ? "" : $" TEMPLATE {template}"));
        return database;
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearPool(new NpgsqlConnection(ConnectionString));
        await ExecuteOnServerAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
    }

    /// <summary>Runs one statement as the server's administrator, outside any test database.</summary>
    public static async Task ExecuteOnServerAsync(string sql)
    {
        // Not from a pool, whose connections may be to a server that has been killed since.
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ServerConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
