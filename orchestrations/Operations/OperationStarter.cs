using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace WebHost.Operations;

/// <summary>Starts the orchestrations of accepted operations. The operation's id is the orchestration's, so none starts twice.</summary>
public sealed partial class OperationStarter(OperationStore operations, ILogger<OperationStarter> logger)
{
    // Younger ones are about to be started by whoever accepted them.
    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(10);

    /// <summary>The orchestration's instance id of an operation.</summary>
    public static string InstanceId(Guid operationId) => operationId.ToString("n");

    /// <summary>Starts the operation's orchestration unless that has happened.</summary>
    public async Task EnsureStartedAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken)
    {
        var instanceId = InstanceId(operationId);
        if (await client.GetInstanceAsync(instanceId, cancellationToken) is not null)
        {
            return;
        }

        var (orchestrator, input) = await operations.FindStartAsync(operationId, cancellationToken)
            ?? throw new InvalidOperationException($"There is no operation {operationId}.");
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                orchestrator, input, new StartOrchestrationOptions(instanceId), cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Somebody else may have started it in between; engines differ in how they say so, so look.
            if (await client.GetInstanceAsync(instanceId, cancellationToken) is null)
            {
                throw;
            }
        }
    }

    /// <summary>Starts what was accepted by a process that died before it could.</summary>
    public async Task StartForgottenAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        foreach (var operationId in await operations.ListNotBegunAsync(Forgotten, cancellationToken))
        {
            LogForgotten(logger, operationId);
            await EnsureStartedAsync(client, operationId, cancellationToken);
        }
    }

    [LoggerMessage(210, LogLevel.Information, "Operation {OperationId} has not begun; making sure that its orchestration is there.")]
    private static partial void LogForgotten(ILogger logger, Guid operationId);
}
