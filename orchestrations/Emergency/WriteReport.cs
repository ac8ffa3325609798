using Microsoft.Azure.Functions.Worker;
using WebHost.Migration;
using WebHost.Monitoring;
using WebHost.Operations;

namespace WebHost.Emergency;

/// <summary>Writes the report for good, and closes the operation.</summary>
public sealed class WriteReport(
    StepRunner steps,
    OperationStore operations,
    FailoverStore failovers,
    IncidentReports reports,
    HomeRetention retention,
    AlertStore alerts)
{
    /// <summary>The step, and the end of the operation.</summary>
    [Function(nameof(WriteReport))]
    public async Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken)
    {
        await steps.RunAsync(
            input.OperationId,
            nameof(WriteReport),
            async () =>
            {
                await retention.ResumeAsync(input.TenantId, cancellationToken);
                await failovers.EnterAsync(input.OperationId, FailoverState.Done, cancellationToken);
                var report = await reports.ComposeAsync(input.OperationId, cancellationToken);
                await failovers.NoteAsync(input.OperationId, FailoverFacts.Report, report, cancellationToken);
                return StepOutcome.Done($"GET /api/operations/{input.OperationId}/report.");
            },
            cancellationToken);
        await alerts.ResolveAsync(FailoverEnds.StalledAlert, input.TenantId.ToString(), cancellationToken);
        await alerts.ResolveAsync(FailoverEnds.FailedAlert, input.TenantId.ToString(), cancellationToken);
        await operations.EnterAsync(input.OperationId, OperationState.Succeeded, null, cancellationToken);
        return true;
    }
}
