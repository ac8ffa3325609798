using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>
/// Brings back what a tenant had at a moment, for download. It is restored beside what the tenant has, into a database of its own,
/// so that nothing of the tenant's is touched.
/// </summary>
public static class RestoreTenant
{
    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Steps { get; } =
    [
        new(nameof(RestoreAside), "Restore backup and journal into a database of its own"),
        new(nameof(ExportRestored), "Export what was restored for download"),
        new(nameof(DropRestored), "Drop the database"),
    ];

    /// <summary>The orchestrator.</summary>
    [Function(nameof(RestoreTenant))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var input = context.GetInput<RestoreInput>()!;
        var steps = new Saga(context, input, input.Retries);
        try
        {
            await steps.RunFinalAsync(nameof(RestoreAside));
            await steps.RunFinalAsync(nameof(ExportRestored));
            await steps.RunFinalAsync(nameof(DropRestored));
        }
        catch (TaskFailedException failure)
        {
            await context.PersistAsync(() => context.CallActivityAsync(
                nameof(EndFailedRestore),
                FailedRestore.Of(input, failure.TaskName, failure.FailureDetails.ErrorMessage),
                input.Retries.ToUndoOptions()));
            throw;
        }
    }
}
