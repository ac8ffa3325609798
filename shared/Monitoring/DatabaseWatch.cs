using Microsoft.Extensions.Logging;
using WebHost.Placement;

namespace WebHost.Monitoring;

/// <summary>
/// Looks at every database that serves tenants, as whom points are written, and reports those that do not answer.
/// </summary>
public sealed partial class DatabaseWatch(
    PlacementStore placements,
    TenantDatabaseStore databases,
    DatabaseHealthStore health,
    AlertStore alerts,
    DatabaseProbe probe,
    TimeProvider time,
    ILogger<DatabaseWatch> logger)
{
    /// <summary>
    /// Kind of the alert for a database that does not answer, or is gone; its subject is the database's id.
    /// </summary>
    public const string SilentAlert = "database-silent";

    // A look at a dead host takes its whole patience, so that many must be under way for one run to end before the next.
    // When there are more dead ones, those left out come first in the next run, behind the databases that answered.
    private const int AtOnce = 200;
    private static readonly TimeSpan LastStart = TimeSpan.FromSeconds(4);

    // So many connections to the control database at most.
    private const int NotesAtOnce = 8;

    private static readonly TimeSpan Memory = TimeSpan.FromDays(90);

    /// <summary>Looks once at every database, notes what has changed, raises and resolves alerts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        var served = (await placements.ListServedDatabasesAsync(cancellationToken))
            .ToLookup(database => database.DatabaseId);
        var known = (await health.ListAsync(cancellationToken)).ToDictionary(database => database.DatabaseId);
        using var notes = new SemaphoreSlim(NotesAtOnce);
        await Parallel.ForEachAsync(
            served.Select(database => database.Key)
                .OrderBy(id => known.GetValueOrDefault(id)?.LostSince is not null)
                .ThenBy(id => known.GetValueOrDefault(id)?.LookedAt),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (id, cancelled) =>
            {
                if (time.GetUtcNow() - began < LastStart)
                {
                    await LookAsync(id, notes, cancelled);
                }
            });
        await health.EndOthersAsync([.. served.Select(database => database.Key)], began, cancellationToken);
        await health.PruneAsync(began - Memory, cancellationToken);
        await ReportAsync(served, cancellationToken);
    }

    private async Task LookAsync(Guid databaseId, SemaphoreSlim notes, CancellationToken cancellationToken)
    {
        if (await FindLoginAsync(databaseId, notes, cancellationToken) is not { } login)
        {
            return;
        }

        var at = time.GetUtcNow();
        var sight = await probe.LookAsync(login, cancellationToken);
        await notes.WaitAsync(cancellationToken);
        try
        {
            if (await health.NoteAsync(databaseId, sight, at, cancellationToken))
            {
                var level = sight.IsLost ? LogLevel.Warning : LogLevel.Information;
                LogChanged(logger, level, databaseId, sight.State, sight.Reason);
            }
        }
        finally
        {
            notes.Release();
        }
    }

    private async Task<TenantDatabaseLogin?> FindLoginAsync(
        Guid databaseId, SemaphoreSlim notes, CancellationToken cancellationToken)
    {
        await notes.WaitAsync(cancellationToken);
        try
        {
            var database = await databases.GetAsync(databaseId, cancellationToken);
            return await databases.RoleLoginAsync(database, database.Roles.Ingest, cancellationToken);
        }
        catch (Exception ours) when (!cancellationToken.IsCancellationRequested)
        {
            // Says nothing about the database.
            LogNotLookedAt(logger, databaseId, ours);
            return null;
        }
        finally
        {
            notes.Release();
        }
    }

    private async Task ReportAsync(ILookup<Guid, ServedDatabase> served, CancellationToken cancellationToken)
    {
        var lost = (await health.ListAsync(cancellationToken))
            .Where(database => database.LostSince is not null && served.Contains(database.DatabaseId))
            .ToList();
        foreach (var database in lost)
        {
            await alerts.RaiseAsync(
                SilentAlert,
                database.DatabaseId.ToString(),
                $"{served[database.DatabaseId].First().Title} has served nobody since {database.LostSince:u}. {database.Reason} "
                + "Points are still taken, and stored once it answers. Look at its machine; if it stays so, a failover is "
                + "proposed: GET /api/failovers/proposals.",
                cancellationToken);
        }

        await alerts.ResolveOthersAsync(
            SilentAlert, [.. lost.Select(database => database.DatabaseId.ToString())], cancellationToken);
    }

    [LoggerMessage(EventId = 780, Message = "Database {DatabaseId} is {State}: {Reason}")]
    private static partial void LogChanged(
        ILogger logger, LogLevel level, Guid databaseId, DatabaseState state, string reason);

    [LoggerMessage(781, LogLevel.Error, "Database {DatabaseId} was not looked at; the next run tries again.")]
    private static partial void LogNotLookedAt(ILogger logger, Guid databaseId, Exception exception);
}
