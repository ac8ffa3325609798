using Npgsql;
using WebHost.Local.ServiceBus.Tests;
using WebHost.Testing;

[assembly: AssemblyFixture(typeof(QueueDatabase))]

namespace WebHost.Local.ServiceBus.Tests;

/// <summary>One database for all tests; each has a queue of its own in it.</summary>
public sealed class QueueDatabase : IAsyncLifetime
{
    private TestDatabase? _database;

    public string ConnectionString { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync("servicebus");
        ConnectionString = new NpgsqlConnectionStringBuilder(_database.ConnectionString) { MaxPoolSize = 10 }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
