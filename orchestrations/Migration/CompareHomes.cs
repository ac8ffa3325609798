using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>
/// Ships back what the target has taken since the switch, and compares both homes, table by table and day by day, at that
/// moment. From here on the tenant can be kept, or taken back.
/// </summary>
public sealed class CompareHomes(MoveSteps steps, MoveStore moves, CatchUp catchUp)
{
    /// <summary>The step.</summary>
    [Function(nameof(CompareHomes))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(CompareHomes),
            async (moving, token) =>
            {
                var target = await steps.DatabaseAsync(moving.Target, token);
                await catchUp.RunAsync(target, moving.SourceDatabase, input.TenantId, moving.Everything, token);
                await moves.EnterAsync(input.OperationId, MoveState.Verified, token);
                return StepOutcome.Done("Every table and day is the same in both homes, as rows, geometry and checksums.");
            },
            cancellationToken);
}
