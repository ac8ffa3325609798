using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Backs a tenant up, and removes what is not kept any longer.</summary>
public static class BackUpTenant
{
    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Steps { get; } =
    [
        new(nameof(AwaitSettled), "Wait until the tenant is not being switched over"),
        new(nameof(CopyBackup), "Copy what has changed since the last backup"),
        new(nameof(PruneBackups), "Remove backups that are not kept any longer"),
    ];

    /// <summary>The orchestrator.</summary>
    [Function(nameof(BackUpTenant))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var input = context.GetInput<BackupInput>()!;
        var steps = new Saga(context, input, input.Retries);
        try
        {
            var deadline = context.CurrentUtcDateTime + input.Patience;
            while (!await steps.RunFinalAsync(nameof(AwaitSettled)))
            {
                if (context.CurrentUtcDateTime >= deadline)
                {
                    await EndAsync(context, FailedBackup.Of(
                        input, nameof(AwaitSettled), $"The tenant was still being switched over after {input.Patience:g}."));
                    return;
                }

                await context.CreateTimer(input.PollInterval, CancellationToken.None);
            }

            await steps.RunFinalAsync(nameof(CopyBackup));
            await steps.RunFinalAsync(nameof(PruneBackups));
        }
        catch (TaskFailedException failure)
        {
            await EndAsync(context, FailedBackup.Of(input, failure.TaskName, failure.FailureDetails.ErrorMessage));
            throw;
        }
    }

    private static Task EndAsync(TaskOrchestrationContext context, FailedBackup failed) =>
        context.PersistAsync(
            () => context.CallActivityAsync(nameof(EndFailedBackup), failed, failed.Input.Retries.ToUndoOptions()));
}
