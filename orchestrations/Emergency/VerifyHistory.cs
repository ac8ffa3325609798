using System.Security.Cryptography;
using Microsoft.Azure.Functions.Worker;
using WebHost.Backups;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>
/// Reads the journal once more when nobody writes to the lost home any more, and goes on until a reading finds every point that
/// was received before the switch in its table. The table's key has it there once.
/// </summary>
public sealed class VerifyHistory(
    FailoverSteps steps,
    OperationStore operations,
    FailoverStore failovers,
    PlacementStore placements,
    JournalReplay journal,
    TimeProvider time)
{
    private const int Readings = 5;

    /// <summary>The step. False while an instance may still write to the lost home.</summary>
    [Function(nameof(VerifyHistory))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(VerifyHistory),
            async failing =>
            {
                var settled = failing.Failover.SwitchedAt!.Value + input.SettleFor;
                if (time.GetUtcNow() < settled)
                {
                    await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                    return StepOutcome.Waits($"Until {settled:u}, an instance that has not noticed the switch may write to the lost home.");
                }

                var placement = await placements.GetAsync(input.TenantId, cancellationToken);
                var target = new JoinedTenant(failing.TargetDatabase, input.TenantId, placement.Epoch);
                var mended = 0L;
                for (var reading = 1; ; reading++)
                {
                    var read = await journal.RunAsync(
                        RunOf(input.OperationId, settled, reading), target, from: null, upTo: settled, cancellationToken);
                    mended += read.Added;
                    if (read.Added == 0)
                    {
                        var verified = new VerifiedHistory(
                            read.Points, mended, reading, read.FaultCount, read.Faults, time.GetUtcNow());
                        await failovers.NoteAsync(input.OperationId, FailoverFacts.Verified, verified, cancellationToken);
                        await failovers.EnterAsync(input.OperationId, FailoverState.Restored, cancellationToken);
                        await operations.AddFiguresAsync(
                            input.OperationId,
                            new
                            {
                                verified = new
                                {
                                    verified.Points,
                                    verified.Mended,
                                    secondsToFullHistory = (time.GetUtcNow() - failing.Failover.CreatedAt).TotalSeconds,
                                },
                            },
                            cancellationToken);
                        return StepOutcome.Done(verified.Describe());
                    }

                    if (reading == Readings)
                    {
                        throw new InvalidOperationException(
                            $"The journal's points are not all there after {Readings} readings; the last one added {read.Added}.");
                    }
                }
            },
            cancellationToken);

    // Each reading begins anew, and goes on where it was when it is interrupted.
    private static Guid RunOf(Guid operationId, DateTimeOffset settled, int reading) =>
        new(SHA256.HashData([.. operationId.ToByteArray(), .. BitConverter.GetBytes(settled.Ticks), (byte)reading])
            .AsSpan(0, 16));
}
