using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Retention;

namespace WebHost.Emergency;

/// <summary>
/// Brings the tenant's rows under what it takes already, from the newest backup and the journal. Only so many tenants at once, the
/// most important first. Retention leaves the tenant alone meanwhile.
/// </summary>
public sealed class RestoreHistory(
    FailoverSteps steps,
    OperationStore operations,
    FailoverStore failovers,
    PlacementStore placements,
    BackupRestore restore,
    BackupStore backups,
    RetentionHold hold,
    Settings settings,
    TimeProvider time)
{
    // The time that a lost home is waited for begins when the history is verified, and one that comes back is compared in hours.
    private static readonly TimeSpan AwaitedLonger = TimeSpan.FromDays(2);

    /// <summary>The step. False while others are before it.</summary>
    [Function(nameof(RestoreHistory))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(RestoreHistory),
            async failing =>
            {
                var before = await failovers.TakeTurnAsync(
                    input.OperationId, settings.Failovers.RestoresAtOnce, cancellationToken);
                if (before > 0)
                {
                    await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                    return StepOutcome.Waits(
                        $"The tenant is served. {before} others are before it, and {settings.Failovers.RestoresAtOnce} are restored at once.");
                }

                var begin = Stopwatch.GetTimestamp();
                var placement = await placements.GetAsync(input.TenantId, cancellationToken);
                await hold.PlaceAsync(failing.TargetDatabase, input.TenantId, cancellationToken);
                var report = await restore.RunAsync(
                    new RestoreWanted(
                        input.OperationId, new JoinedTenant(failing.TargetDatabase, input.TenantId, placement.Epoch)),
                    cancellationToken);

                // What a lost home that comes back is compared with must still be there then.
                await backups.HoldAsync(
                    input.TenantId, time.GetUtcNow() + settings.Failovers.AwaitSource + AwaitedLonger, cancellationToken);
                var restored = RestoredHistory.Of(report, Stopwatch.GetElapsedTime(begin));
                await failovers.NoteAsync(input.OperationId, FailoverFacts.Restored, restored, cancellationToken);
                await operations.AddFiguresAsync(input.OperationId, new { restored }, cancellationToken);
                return StepOutcome.Done(restored.Describe());
            },
            cancellationToken);
}
