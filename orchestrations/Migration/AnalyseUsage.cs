using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Tenants;

namespace WebHost.Migration;

/// <summary>Looks once more at what the tenant has, since the request may be old, and notes the plan of the move.</summary>
public sealed class AnalyseUsage(MoveSteps steps, OperationStore operations, TenantStore tenants, MovePlanner planner)
{
    /// <summary>The step.</summary>
    [Function(nameof(AnalyseUsage))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(AnalyseUsage),
            async (moving, token) =>
            {
                var tenant = await tenants.GetAsync(input.TenantId, token);
                var request = new MoveRequest(
                    moving.Move.Kind, moving.Target.Plan, moving.Target.Region, input.Archives);
                var (plan, obstacles) = await planner.AssessAsync(tenant, moving.Source, request, token);
                if (plan is null)
                {
                    throw new StepRefusedException(string.Join(' ', obstacles.Select(obstacle => obstacle.Text)));
                }

                await operations.AddFiguresAsync(input.OperationId, new { plan }, token);
                return StepOutcome.Done(
                    $"{plan.Rows.Values.Sum():N0} rows, {plan.ArchivedPoints:N0} of which go into the archive; "
                    + $"about {plan.EstimatedSeconds:N0} s. Margin {plan.From.MarginPercent} % before, {plan.To.MarginPercent} % after.");
            },
            cancellationToken);
}
