using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>Brings the target within a second of the source, and compares all of both at one moment of the source.</summary>
public sealed class CatchUpTarget(MoveSteps steps, OperationStore operations, CatchUp catchUp)
{
    /// <summary>How far a home may be behind the other when the tenant crosses.</summary>
    internal static readonly TimeSpan CloseEnough = TimeSpan.FromSeconds(1);

    private const int MostRounds = 20;

    /// <summary>The step.</summary>
    [Function(nameof(CatchUpTarget))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(CatchUpTarget),
            async (moving, token) =>
            {
                var target = await steps.DatabaseAsync(moving.Target, token);
                await CatchUpAsync(catchUp, moving.SourceDatabase, target, input.TenantId, token);
                var compared = await catchUp.RunAsync(
                    moving.SourceDatabase, target, input.TenantId, moving.Everything, token);
                var (rounds, last) = await CatchUpAsync(catchUp, moving.SourceDatabase, target, input.TenantId, token);
                await operations.AddFiguresAsync(
                    input.OperationId,
                    new
                    {
                        catchUp = new { lagSeconds = last.Lag.TotalSeconds, comparisonSeconds = compared.Lag.TotalSeconds },
                    },
                    token);
                return StepOutcome.Done(
                    $"Everything is the same on both sides; {last.Lag.TotalMilliseconds:N0} ms behind after {rounds} more rounds.");
            },
            cancellationToken);

    /// <summary>Runs rounds until one is short enough.</summary>
    /// <exception cref="TimeoutException">The tenant is written faster than it can be copied.</exception>
    internal static async Task<(int Rounds, CatchUpRound Last)> CatchUpAsync(
        CatchUp catchUp,
        Placement.TenantDatabaseAddress source,
        Placement.TenantDatabaseAddress target,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        for (var rounds = 1; rounds <= MostRounds; rounds++)
        {
            var round = await catchUp.RunAsync(source, target, tenantId, Comparison.OfChanges, cancellationToken);
            if (round.Lag < CloseEnough)
            {
                return (rounds, round);
            }
        }

        throw new TimeoutException(
            $"After {MostRounds} rounds the target is still more than {CloseEnough.TotalSeconds:0} s behind.");
    }
}
