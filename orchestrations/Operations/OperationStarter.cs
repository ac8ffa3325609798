using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Backups;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Json;
using WebHost.Monitoring;
using WebHost.Placement;
using WebHost.Servers;

namespace WebHost.Operations;

/// <summary>Starts the orchestrations of accepted operations. The operation's id is the orchestration's, so none starts twice.</summary>
public sealed partial class OperationStarter(
    ControlDatabase control, OperationStore operations, AlertStore alerts, ILogger<OperationStarter> logger)
{
    /// <summary>Kind of the alert for an operation whose orchestration ended before its work was done.</summary>
    public const string DiedAlert = "operation-died";

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

    /// <summary>
    /// Starts what was accepted by a process that died before it could, and closes what has no orchestration at work any more:
    /// no operation is left in the middle for ever.
    /// </summary>
    public async Task MendAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        foreach (var operationId in await operations.ListUnfinishedAsync(Forgotten, cancellationToken))
        {
            var instance = await client.GetInstanceAsync(InstanceId(operationId), cancellationToken);
            if (instance is null)
            {
                LogForgotten(logger, operationId);
                await EnsureStartedAsync(client, operationId, cancellationToken);
            }
            else if (instance.IsCompleted)
            {
                await CloseAsync(operationId, instance, cancellationToken);
            }
        }
    }

    /// <summary>Has a new orchestration go on with an operation that died.</summary>
    /// <returns>False when it has not.</returns>
    public async Task<bool> RestartAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        var isReopened = await control.TransactAsync(
            async transaction =>
            {
                if (!await OperationStore.TryReopenAsync(transaction, operationId, cancellationToken))
                {
                    return false;
                }

                // Before anybody sees the operation open: the orchestration that ended would have it closed again.
                await client.PurgeInstanceAsync(InstanceId(operationId), cancellationToken);
                await AlertStore.ResolveAsync(transaction, DiedAlert, operationId.ToString(), cancellationToken);
                return true;
            },
            cancellationToken);
        if (isReopened)
        {
            await EnsureStartedAsync(client, operationId, cancellationToken);
        }

        return isReopened;
    }

    /// <summary>
    /// Closes an operation whose place another one takes, within the caller's transaction, if it died: others are closed by their
    /// orchestrations.
    /// </summary>
    public static async Task CloseReplacedAsync(
        NpgsqlTransaction transaction, Guid operationId, CancellationToken cancellationToken)
    {
        var why = new OperationError(null, "It died, and a failover has taken its place.", []);
        if (await OperationStore.TryCloseDeadAsync(transaction, operationId, why, cancellationToken))
        {
            await AlertStore.ResolveAsync(transaction, DiedAlert, operationId.ToString(), cancellationToken);
        }
    }

    private async Task CloseAsync(Guid operationId, OrchestrationMetadata instance, CancellationToken cancellationToken)
    {
        // An orchestration ends just after it has closed its operation; look again before judging.
        if (await operations.FindAsync(operationId, cancellationToken) is not { FinishedAt: null } operation)
        {
            return;
        }

        var reason = instance.FailureDetails?.ErrorMessage ?? $"It was {WireName.Of(instance.RuntimeStatus)}.";
        var died = $"The orchestration ended before its work was done: {reason}";
        LogDied(logger, operationId, reason);

        // First: what is closed is not looked at again.
        await alerts.RaiseAsync(DiedAlert, operationId.ToString(), $"{died} {AdviceOn(operation)}", cancellationToken);
        await control.TransactAsync(
            async transaction =>
            {
                // What the operation was about is free for the next one; a tenant's home is not, and stays in the middle.
                await BackupStore.FailAsync(transaction, operationId, cancellationToken);
                await ServerOrders.FailAsync(transaction, operationId, cancellationToken);
                return await OperationStore.TryEnterAsync(
                    transaction, operationId, EndOf(operation), new OperationError(null, died, []), cancellationToken);
            },
            cancellationToken);
    }

    private static OperationState EndOf(Operation operation) => operation.Kind
        is ServerOrdering.OperationKind or BackupIntake.OperationKind or BackupIntake.ProofKind
        or RestoreIntake.OperationKind or ServerFailoverIntake.OperationKind
            ? OperationState.Failed
            : OperationState.Died;

    private static string AdviceOn(Operation operation)
    {
        var retry = $"POST /api/operations/{operation.Id}/retry";
        return operation.Kind switch
        {
            ServerOrdering.OperationKind =>
                $"What was bought is ours and costs money. {retry} goes on with it, and cancelling the order gives it back; "
                + "what was bought for an order that is cancelled already is to be cancelled in Robot.",
            BackupIntake.OperationKind => $"The tenant is backed up again within hours; {retry} does so at once.",
            BackupIntake.ProofKind => "A backup is tried again within hours.",
            RestoreIntake.OperationKind => $"{retry} restores anew.",
            ServerFailoverIntake.OperationKind =>
                "Failovers of tenants that have begun go on. "
                + "POST /api/servers/{serverId}/failover begins those that have not.",
            _ => $"Nobody works on it. {retry} has it go on where it was; what it had made is still there and may cost money.",
        };
    }

    [LoggerMessage(210, LogLevel.Information, "Operation {OperationId} was accepted but not started; starting it.")]
    private static partial void LogForgotten(ILogger logger, Guid operationId);

    [LoggerMessage(211, LogLevel.Error, "The orchestration of operation {OperationId} ended before its work was done: {Reason}")]
    private static partial void LogDied(ILogger logger, Guid operationId, string reason);
}
