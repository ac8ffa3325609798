using System.Text.Json;
using Microsoft.DurableTask.Client;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>What operators want restored. What is accepted is written before anything is begun.</summary>
public sealed class RestoreIntake(
    ControlDatabase control, OperationStarter starter, OperationStore operations, RestorePlanner planner, Settings settings)
{
    /// <summary>Kind of the operation.</summary>
    public const string OperationKind = "restore";

    /// <summary>Says how something would be restored, or what stands against it.</summary>
    /// <exception cref="Placement.TenantUnknownException">There is no such tenant.</exception>
    public Task<RestoreAssessment> AssessAsync(
        Guid tenantId, RestoreRequest request, CancellationToken cancellationToken) =>
        planner.AssessAsync(tenantId, request, cancellationToken);

    /// <summary>Starts to restore.</summary>
    /// <returns>The operation, whose id is the archive's as well.</returns>
    /// <exception cref="BackupRefusedException">The tenant is being restored already.</exception>
    public async Task<Guid> StartAsync(DurableTaskClient client, RestorePlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return await StartAsync(
            client,
            new RestoreInput(
                Guid.CreateVersion7(),
                plan.TenantId,
                plan.Backup?.Id,
                plan.To,
                plan.Journal is not null,
                new StepRetries(settings.StepAttempts, settings.FirstRetryInterval, settings.LongestRetryInterval)),
            cancellationToken);
    }

    /// <summary>Starts a failed restore anew.</summary>
    /// <returns>The new operation, or null when the operation is no restore that failed.</returns>
    /// <exception cref="BackupRefusedException">The tenant is being restored already.</exception>
    public async Task<Guid?> RetryAsync(DurableTaskClient client, Operation operation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operation);
        if (operation is not { Kind: OperationKind, State: OperationState.Failed })
        {
            return null;
        }

        var (_, input) = (await operations.FindStartAsync(operation.Id, cancellationToken))!.Value;
        var failed = JsonSerializer.Deserialize<RestoreInput>(input)!;
        return await StartAsync(client, failed with { OperationId = Guid.CreateVersion7() }, cancellationToken);
    }

    private async Task<Guid> StartAsync(DurableTaskClient client, RestoreInput input, CancellationToken cancellationToken)
    {
        await control.TransactAsync(
            async transaction =>
            {
                // Whoever wants the same tenant restored takes turns at its row.
                await transaction.Sql("SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE", input.TenantId)
                    .RunAsync(cancellationToken);
                var running = await transaction.Sql(
                    "SELECT id FROM operations WHERE tenant_id = $1 AND kind = $2 AND finished_at IS NULL",
                    input.TenantId, OperationKind).FirstAsync(row => (Guid?)row.GetGuid(0), cancellationToken);
                if (running is { } other)
                {
                    throw new BackupRefusedException(
                        $"Operation {other} is restoring tenant {input.TenantId}: GET /api/operations/{other}.");
                }

                await OperationStore.AddAsync(
                    transaction,
                    new PlannedOperation(
                        input.OperationId, OperationKind, input.TenantId, nameof(RestoreTenant), input, RestoreTenant.Steps),
                    cancellationToken);
                return true;
            },
            cancellationToken);
        await starter.EnsureStartedAsync(client, input.OperationId, cancellationToken);
        return input.OperationId;
    }
}
