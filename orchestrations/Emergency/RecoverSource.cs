using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Emergency;

/// <summary>
/// Waits for the homes that were left behind. One that answers again gets this build's schema, is fenced before a row is
/// read, and what only it has is fetched; one whose server has nothing of the tenant any more is gone; one that does not
/// answer, or of which nothing can be fetched, is given up in the end, by an operator or by time.
/// </summary>
public sealed partial class RecoverSource(
    FailoverSteps steps,
    OperationStore operations,
    FailoverStore failovers,
    PlacementStore placements,
    TenantDatabaseStore databases,
    BackupStore backups,
    HomeProbe probe,
    TenantDatabaseSetup setup,
    SourceReconciliation reconciliation,
    Fence fence,
    QuickFence quickly,
    Settings settings,
    TimeProvider time,
    ILogger<RecoverSource> logger)
{
    /// <summary>The step. False while a home may come back.</summary>
    [Function(nameof(RecoverSource))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(RecoverSource),
            async failing =>
            {
                var until = failing.Failover.RestoredAt!.Value + settings.Failovers.AwaitSource;
                var isGivenUp = failing.Failover.State == FailoverState.Closing || time.GetUtcNow() >= until;
                var told = new List<string>();
                var awaited = new List<string>();
                foreach (var home in await failovers.ListHomesLeftAsync(input.OperationId, cancellationToken))
                {
                    if (home.Outcome != HomeOutcome.Awaited)
                    {
                        continue;
                    }

                    var found = await LookAsync(input, home, cancellationToken);
                    switch (found.Presence)
                    {
                        case HomePresence.Serving or HomePresence.Present:
                            told.Add(await ReconcileAsync(input, failing, home, isGivenUp, cancellationToken));
                            break;
                        case HomePresence.Gone:
                            await failovers.DecideAsync(input.TenantId, home.Home, HomeOutcome.Gone, null, cancellationToken);
                            told.Add($"Home {home.Home} is gone. {found.Detail}");
                            break;
                        case HomePresence.Silent when isGivenUp:
                            await failovers.DecideAsync(input.TenantId, home.Home, HomeOutcome.GivenUp, null, cancellationToken);
                            told.Add($"Home {home.Home} was given up. {found.Detail}");
                            break;
                        default:
                            awaited.Add($"Home {home.Home}: {found.Detail}");
                            break;
                    }
                }

                if (awaited.Count == 0)
                {
                    await failovers.EnterAsync(input.OperationId, FailoverState.Closing, cancellationToken);
                    return StepOutcome.Done(string.Join(' ', told));
                }

                await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                return StepOutcome.Waits(
                    $"The tenant is served and whole. {string.Join(' ', awaited)} It is waited for until {until:u}; if it is gone for good: "
                    + $"POST /api/operations/{input.OperationId}/commit.");
            },
            cancellationToken);

    private async Task<HomeCondition> LookAsync(FailoverInput input, HomeLeft home, CancellationToken cancellationToken) =>
        home.DatabaseId is { } databaseId
            ? await probe.LookAsync(
                await databases.GetAsync(databaseId, cancellationToken), input.TenantId, cancellationToken)
            : new HomeCondition(HomePresence.Gone, Epoch: null, "It has no database any more.");

    private async Task<string> ReconcileAsync(
        FailoverInput input,
        FailingTenant failing,
        HomeLeft home,
        bool isGivenUp,
        CancellationToken cancellationToken)
    {
        var placement = await placements.GetAsync(input.TenantId, cancellationToken);
        var source = await databases.GetAsync(home.DatabaseId!.Value, cancellationToken);
        try
        {
            return await ReconcileAsync(input, failing, home, source, placement.Epoch, cancellationToken);
        }
        catch (Exception damaged) when (
            isGivenUp && damaged is not TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            // What is wrong with the home that serves will pass, as a write that takes long does: the other one is kept.
            var serving = await fence.ReadAsync(failing.TargetDatabase, input.TenantId, cancellationToken);
            var found = await LookAsync(input, home, cancellationToken);
            if (serving is not { Writable: true } || serving.Epoch != placement.Epoch
                || (found.Presence == HomePresence.Serving && found.Epoch >= placement.Epoch))
            {
                throw;
            }

            LogGivenUp(logger, input.TenantId, home.Home, damaged);
            var left = await quickly.TryAsync(source, input.TenantId, found, input.OperationId, cancellationToken);
            await failovers.DecideAsync(input.TenantId, home.Home, HomeOutcome.GivenUp, null, cancellationToken);
            return $"Home {home.Home} was given up: what only it has could not be fetched: {damaged.Message} {left.Detail}";
        }
    }

    private async Task<string> ReconcileAsync(
        FailoverInput input,
        FailingTenant failing,
        HomeLeft home,
        TenantDatabaseAddress source,
        long epoch,
        CancellationToken cancellationToken)
    {
        // While it was away, a release may have come, whose fence and comparison name what it lacks. What is written to it
        // before it is fenced is fetched like the rest.
        await setup.UpdateSchemaAsync(
            source,
            home.Provider == HostingProvider.Hetzner ? HostingMode.MultiTenant : HostingMode.SingleTenant,
            cancellationToken);
        var report = await reconciliation.RunAsync(
            input.OperationId,
            source,
            new JoinedTenant(failing.TargetDatabase, input.TenantId, epoch),
            await FindBasisAsync(failing.Failover, home.Home, cancellationToken),
            cancellationToken);
        await failovers.DecideAsync(input.TenantId, home.Home, HomeOutcome.Reconciled, report, cancellationToken);
        return $"Home {home.Home} has come back and was fenced: {report.Tables.Sum(table => table.Added):N0} rows were added, "
            + $"{report.Tables.Sum(table => table.Changed):N0} changed and {report.Tables.Sum(table => table.Deleted):N0} deleted; "
            + $"{report.ConflictCount:N0} conflicts are in the report.";
    }

    // What both homes had when they parted. A backup that was made after the home had been left knows what it never did: compared
    // with that, old rows would look like edits.
    private async Task<Backup?> FindBasisAsync(Failover failover, long home, CancellationToken cancellationToken)
    {
        var left = await failovers.FindLeftAtAsync(failover.TenantId, home, cancellationToken);
        var restored = failover.Facts.TryGetProperty(FailoverFacts.Restored, out var fact)
            && fact.Deserialize<RestoredHistory>(JsonText.Options) is { BackupId: { } backupId }
                ? await backups.FindAsync(backupId, cancellationToken)
                : null;
        return left is null || restored is null || restored.FinishedAt <= left
            ? restored
            : (await backups.ListAsync(failover.TenantId, cancellationToken))
                .Where(backup => backup.State == BackupState.Finished && backup.FinishedAt <= left)
                .MaxBy(backup => backup.FinishedAt);
    }

    [LoggerMessage(793, LogLevel.Error, "Tenant {TenantId}: home {Home} answers, but what only it has could not be fetched.")]
    private static partial void LogGivenUp(ILogger logger, Guid tenantId, long home, Exception exception);
}
