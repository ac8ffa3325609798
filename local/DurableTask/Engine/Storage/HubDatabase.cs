using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>The database of the hub: where its tables are and how to reach them.</summary>
internal sealed partial class HubDatabase : IAsyncDisposable
{
    // The tables are queues that go from empty to full within one statistics interval. Plans made on what they were a minute
    // ago read them from end to end; each of these statements has an index to go by.
    private const string Planner = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";
    private const int DefaultPoolSize = 12;

    private readonly SemaphoreSlim _creating = new(1, 1);
    private readonly string _connectionString;
    private bool _isCreated;

    public HubDatabase(IOptions<LocalDurableTaskOptions> options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Value.ConnectionString);
        _connectionString = options.Value.ConnectionString;
        Hub = options.Value.HubName;
        ThrowIfUnusable(Hub);
        LeaseDuration = options.Value.LeaseDuration;
        Channel = $"durable_{Hub}";
        Durable = Source(_connectionString, Planner, pooling: false);
        Relaxed = Source(_connectionString, $"{Planner} -c synchronous_commit=off", pooling: true);
    }

    public string Hub { get; }

    /// <summary>How long a lease lasts that is not renewed.</summary>
    public TimeSpan LeaseDuration { get; }

    /// <summary>The notification channel that tells other processes of new work and of changed orchestrations.</summary>
    public string Channel { get; }

    /// <summary>
    /// Connections whose commits are on disk when they return. One that has failed is closed, not used again: an error halfway
    /// through a batch leaves its prepared statements in doubt.
    /// </summary>
    public NpgsqlDataSource Durable { get; }

    /// <summary>
    /// Connections for reads and for leases. A lease that a crash of the server undoes was taken by a worker that learns so
    /// when it commits.
    /// </summary>
    public NpgsqlDataSource Relaxed { get; }

    /// <summary>A connection to listen on: it is in no pool, and notices when the server has gone without a word.</summary>
    public NpgsqlConnection CreateListener() => new(new NpgsqlConnectionStringBuilder(_connectionString)
    {
        Pooling = false,
        KeepAlive = 15,
        ApplicationName = "durable task listener",
    }.ConnectionString);

    /// <summary>A hub's name becomes part of SQL: nothing but a plain identifier will do.</summary>
    public static void ThrowIfUnusable(string hubName)
    {
        if (!HubPattern().IsMatch(hubName))
        {
            throw new ArgumentException(
                $"HubName is '{hubName}'. It names a schema: lower case letters, digits and underscores, at most 40.",
                nameof(hubName));
        }
    }

    public async Task EnsureCreatedAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _isCreated))
        {
            return;
        }

        await _creating.WaitAsync(cancellation);
        try
        {
            if (!_isCreated)
            {
                await Schema.CreateAsync(Durable, Hub, cancellation);
                Volatile.Write(ref _isCreated, true);
            }
        }
        finally
        {
            _creating.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Durable.DisposeAsync();
        await Relaxed.DisposeAsync();
        _creating.Dispose();
    }

    private static NpgsqlDataSource Source(string connectionString, string settings, bool pooling)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = given.ApplicationName ?? "durable task",
            Pooling = pooling,
            MaxPoolSize = given.ContainsKey("Maximum Pool Size") ? given.MaxPoolSize : DefaultPoolSize,
            ReadBufferSize = 65536,
            WriteBufferSize = 65536,
            MaxAutoPrepare = 60,
            AutoPrepareMinUsages = 2,

            // No statement leaves anything behind in its session; clearing it would be seven more statements each time.
            NoResetOnClose = true,
            Options = $"{given.Options} {settings}".Trim(),
        };
        return NpgsqlDataSource.Create(builder);
    }

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,39}$")]
    private static partial Regex HubPattern();
}
