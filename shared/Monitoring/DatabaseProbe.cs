using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Monitoring;

/// <summary>Looks whether a tenant database takes writes from the application.</summary>
public sealed class DatabaseProbe(TimeProvider time)
{
    /// <summary>
    /// What makes a query's commit reach the disk, as a write's has to, and leaves no row: a database whose disk or standby hangs
    /// still answers other queries. Any role may call it.
    /// </summary>
    public const string Commit = "pg_logical_emit_message(true, 'webhost', '')";

    // Without that table nothing is served.
    private const string Question = $"SELECT {Commit}, 'fleet.customers'::regclass::text";

    /// <summary>
    /// After which an answer is late. A connection from the other side of the world takes two seconds to open.
    /// </summary>
    internal TimeSpan SlowAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>After which no answer is awaited.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Looks through a connection of its own, so that neither a full pool nor an open connection says how it is.
    /// </summary>
    public async Task<DatabaseSight> LookAsync(TenantDatabaseLogin login, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var began = time.GetTimestamp();
        try
        {
            await AskAsync(login, limit.Token).WaitAsync(limit.Token);
            var taken = time.GetElapsedTime(began);
            return taken < SlowAfter
                ? new DatabaseSight(DatabaseState.Answering, "It answers.")
                : new DatabaseSight(DatabaseState.Slow, $"It took {taken.TotalSeconds:0.0} s to answer.");
        }
        catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.TooManyConnections)
        {
            return new DatabaseSight(DatabaseState.Slow, $"It answers and has no connection free ({full.SqlState}).");
        }
        catch (PostgresException gone) when (PostgresFaults.MeansGone(gone))
        {
            return new DatabaseSight(DatabaseState.Gone, PostgresFaults.Describe(gone, Patience));
        }
        catch (Exception silent) when (!cancellationToken.IsCancellationRequested)
        {
            return new DatabaseSight(DatabaseState.Silent, PostgresFaults.Describe(silent, Patience));
        }
    }

    private static async Task AskAsync(TenantDatabaseLogin login, CancellationToken cancellationToken)
    {
        await using var connection = await login.OpenAsync(cancellationToken);
        await connection.Sql(Question).RunAsync(cancellationToken);
    }
}
