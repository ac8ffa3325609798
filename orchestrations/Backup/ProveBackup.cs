using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Proves that a backup can be restored.</summary>
public static class ProveBackup
{
    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Steps { get; } =
        [new(nameof(RestoreOnScratch), "Restore the backup into a database of its own, compare it and drop it")];

    /// <summary>The orchestrator.</summary>
    [Function(nameof(ProveBackup))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var input = context.GetInput<ProofInput>()!;
        try
        {
            await context.CallActivityAsync<bool>(nameof(RestoreOnScratch), input, input.Retries.ToTaskOptions());
        }
        catch (TaskFailedException failure)
        {
            await context.PersistAsync(() => context.CallActivityAsync(
                nameof(EndFailedProof),
                FailedProof.Of(input, failure.FailureDetails.ErrorMessage),
                input.Retries.ToUndoOptions()));
            throw;
        }
    }
}
