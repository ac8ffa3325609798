using Microsoft.DurableTask.Client;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Backups;

/// <summary>What operators and the clock want of backups. What is accepted is written before anything is begun.</summary>
public sealed class BackupIntake(
    ControlDatabase control,
    OperationStarter starter,
    PlacementStore placements,
    BackupStore backups,
    Settings settings,
    TimeProvider time)
{
    /// <summary>Kind of the operation that makes a backup.</summary>
    public const string OperationKind = "backup";

    /// <summary>Kind of the operation that tries a backup.</summary>
    public const string ProofKind = "prove-backup";

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(10);

    // One that failed has been tried for minutes; what stood in its way takes longer.
    private static readonly TimeSpan AfterFailure = TimeSpan.FromHours(1);

    /// <summary>Starts to back a tenant up.</summary>
    /// <returns>The operation, and the backup.</returns>
    /// <exception cref="TenantUnknownException">There is no such tenant.</exception>
    /// <exception cref="BackupRefusedException">It is being backed up, or has no database.</exception>
    public async Task<Guid> StartAsync(
        DurableTaskClient client, Guid tenantId, BackupReason reason, CancellationToken cancellationToken)
    {
        var placement = await placements.FindAsync(tenantId, cancellationToken)
            ?? throw new TenantUnknownException(tenantId);
        if (placement.State != PlacementState.Serving)
        {
            throw new BackupRefusedException($"Tenant {tenantId} is not served yet; there is nothing to back up.");
        }

        var backup = new Backup
        {
            Id = Guid.CreateVersion7(),
            TenantId = tenantId,
            State = BackupState.Running,
            Reason = reason,
            StartedAt = time.GetUtcNow(),
        };
        var input = new BackupInput(
            backup.Id,
            tenantId,
            Retries,
            PollInterval,
            settings.Backups.Patience);
        await control.TransactAsync(
            async transaction =>
            {
                await OperationStore.AddAsync(
                    transaction,
                    new PlannedOperation(
                        backup.Id, OperationKind, tenantId, nameof(BackUpTenant), input, BackUpTenant.Steps),
                    cancellationToken);
                return await BackupStore.AddAsync(transaction, backup, cancellationToken)
                    ? true
                    : throw new BackupRefusedException(
                        $"Tenant {tenantId} is being backed up, or brought back after the loss of its home: GET /api/tenants/{tenantId}/backups shows by which operation.");
            },
            cancellationToken);
        await starter.EnsureStartedAsync(client, backup.Id, cancellationToken);
        return backup.Id;
    }

    /// <summary>Backs a tenant up whose backup failed.</summary>
    /// <returns>The new operation, or null when the operation is no backup that failed.</returns>
    /// <exception cref="BackupRefusedException">It is being backed up, or has no database.</exception>
    public async Task<Guid?> RetryAsync(DurableTaskClient client, Operation operation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation is { Kind: OperationKind, State: OperationState.Failed, TenantId: { } tenantId }
            ? await StartAsync(client, tenantId, BackupReason.OnDemand, cancellationToken)
            : null;
    }

    /// <summary>
    /// Starts backups of tenants that have had none since the hour of the nightly ones, as many as may run at once; those
    /// that wait until their tenant is settled take no place.
    /// </summary>
    public async Task StartDueAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        var room = settings.Backups.AtOnce - await backups.CountAtWorkAsync(cancellationToken);
        if (room <= 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        foreach (var tenantId in await backups.ListDueAsync(
            LastHour(now, settings.Backups.Hour), now - AfterFailure, room, cancellationToken))
        {
            try
            {
                await StartAsync(client, tenantId, BackupReason.Nightly, cancellationToken);
            }
            catch (BackupRefusedException)
            {
                // An operator, or another process, was faster.
            }
        }
    }

    /// <summary>Starts to restore the newest backup of some tenant, when there is a server to do it on.</summary>
    /// <returns>The operation, or null.</returns>
    public async Task<Guid?> StartProofAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        if (settings.Backups.ScratchDatabase is null || await backups.PickAsync(cancellationToken) is not { } backup)
        {
            return null;
        }

        var input = new ProofInput(Guid.CreateVersion7(), backup.TenantId, backup.Id, Retries);
        await control.TransactAsync(
            async transaction =>
            {
                await OperationStore.AddAsync(
                    transaction,
                    new PlannedOperation(
                        input.OperationId, ProofKind, backup.TenantId, nameof(ProveBackup), input, ProveBackup.Steps),
                    cancellationToken);
                return true;
            },
            cancellationToken);
        await starter.EnsureStartedAsync(client, input.OperationId, cancellationToken);
        return input.OperationId;
    }

    private StepRetries Retries => new(settings.StepAttempts, settings.FirstRetryInterval, settings.LongestRetryInterval);

    private static DateTimeOffset LastHour(DateTimeOffset now, int hour)
    {
        var today = new DateTimeOffset(now.UtcDateTime.Date.AddHours(hour), TimeSpan.Zero);
        return today <= now ? today : today.AddDays(-1);
    }
}
