using System.Security.Cryptography;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Configuration;
using WebHost.Migration;
using WebHost.Operations;

namespace WebHost.Emergency;

/// <summary>
/// Starts the failovers of a lost server's tenants, only so many at once and the most important first, and shows in the
/// operation's figures how far all of them are.
/// </summary>
public sealed class FailOverTenants(
    StepRunner steps,
    OperationStore operations,
    FailoverStore failovers,
    FailoverIntake intake,
    Settings settings)
{
    /// <summary>The step. False while a tenant is not restored yet.</summary>
    [Function(nameof(FailOverTenants))]
    public Task<bool> RunAsync(
        [ActivityTrigger] ServerFailoverInput input,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(FailOverTenants),
            async () =>
            {
                var waiting = await failovers.ListTenantsOnAsync(input.ServerId, input.OperationId, cancellationToken);
                var refused = await StartAsync(client, input, waiting, cancellationToken);
                await intake.WakeWaitingAsync(client, cancellationToken);

                var progress = await failovers.ReadProgressAsync(input.OperationId, cancellationToken);
                waiting = await failovers.ListTenantsOnAsync(input.ServerId, input.OperationId, cancellationToken);
                await operations.AddFiguresAsync(
                    input.OperationId, new { tenants = progress with { Waiting = waiting.Count } }, cancellationToken);
                var isDone = progress.Preparing + progress.Restoring == 0 && waiting.Count <= refused.Count;
                var told = $"{progress.Restored} tenants are whole again, {progress.Restoring} are served and being restored, "
                    + $"{progress.Preparing} get a new home, {waiting.Count} wait.{string.Concat(refused)}";
                if (!isDone)
                {
                    await operations.EnterAsync(input.OperationId, OperationState.Running, null, cancellationToken);
                    return StepOutcome.Waits(told);
                }

                await operations.EnterAsync(
                    input.OperationId,
                    refused.Count == 0 ? OperationState.Succeeded : OperationState.Failed,
                    refused.Count == 0 ? null : new OperationError(nameof(FailOverTenants), string.Concat(refused).Trim(), []),
                    cancellationToken);
                return StepOutcome.Done(told);
            },
            cancellationToken);

    private async Task<List<string>> StartAsync(
        DurableTaskClient client,
        ServerFailoverInput input,
        IReadOnlyList<Guid> waiting,
        CancellationToken cancellationToken)
    {
        var refused = new List<string>();
        var atWork = (await failovers.ReadProgressAsync(input.OperationId, cancellationToken)).Preparing;
        foreach (var tenantId in waiting)
        {
            if (atWork >= settings.Failovers.SwitchesAtOnce)
            {
                break;
            }

            try
            {
                await intake.StartAsync(
                    client,
                    tenantId,
                    new FailoverRequest(input.Reason, Force: true, Found: input.Found),
                    cancellationToken,
                    input.OperationId,
                    PartOf(input.OperationId, tenantId));
                atWork++;
            }
            catch (MoveRefusedException refusal)
            {
                refused.Add($" Tenant {tenantId}: {refusal.Message}");
            }
        }

        return refused;
    }

    // The same at every attempt, so that none is failed over twice.
    private static Guid PartOf(Guid operationId, Guid tenantId) =>
        new(SHA256.HashData([.. operationId.ToByteArray(), .. tenantId.ToByteArray()]).AsSpan(0, 16));
}
