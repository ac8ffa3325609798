using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Backups;
using WebHost.Emergency;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Tests.Backups;
using WebHost.Tests.Migration;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Emergency;

/// <summary>
/// Tenants whose home was lost: restored from a backup at the target, which serves them, while the source is still there.
/// </summary>
public sealed class ReconciliationFixture : IAsyncLifetime
{
    public BackupFixture Backups { get; } = new();

    public MigrationFixture Moving => Backups.Moving;

    public ControlFixture Control => Moving.Control;

    public TenantDatabaseAddress Source => Moving.Source;

    public TenantDatabaseAddress Target => Moving.Target;

    public ValueTask InitializeAsync() => Backups.InitializeAsync();

    public ValueTask DisposeAsync() => Backups.DisposeAsync();

    public SourceReconciliation Reconciliation(Func<string, Task>? reached = null) => new(
        Moving.Connections,
        Moving.Fence,
        Backups.Backups,
        Moving.Import,
        reached is null ? new StepHooks() : new StepHooks { Reached = (_, place) => reached(place) },
        TimeProvider.System,
        NullLogger<SourceReconciliation>.Instance);

    /// <summary>A tenant with rows in every table, backed up, restored and served at the target at epoch 2.</summary>
    public async Task<LostTenant> LoseAsync(int points = 100)
    {
        var tenant = await Backups.AddTenantAsync(points);
        var lost = await LoseAsync(tenant);
        await Backups.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), lost.Target, WithJournal: false), default);
        return lost;
    }

    /// <summary>Backs a tenant up and has the target serve it, empty.</summary>
    public async Task<LostTenant> LoseAsync(TenantPlacement tenant)
    {
        var backup = await Backups.BackUpAsync(tenant.TenantId);
        var target = await Backups.ExpectAsync(tenant);
        await Moving.Fence.TakeOverAsync(target.Database, target.TenantId, target.Epoch, default);
        await Control.Control.TransactAsync(async transaction =>
        {
            await PlacementStore.AddHomeAsync(transaction, tenant with { Home = target.Epoch }, operationId: null, default);
            return await PlacementStore.MoveAsync(
                transaction, tenant.TenantId, tenant.Epoch, target.Epoch, target.Epoch, default);
        });
        await new PlacementStore(Control.Control).UseDatabaseAsync(tenant.TenantId, target.Epoch, Target.Id, default);
        return new LostTenant(tenant, target, backup);
    }

    public Task<ReconciliationReport> RunAsync(LostTenant lost) =>
        Reconciliation().RunAsync(Guid.NewGuid(), Source, lost.Target, lost.Backup, default);

    /// <summary>Runs a statement for a tenant at the source.</summary>
    public Task AtSourceAsync(LostTenant lost, string sql) => Moving.RunAsync(Source, sql, lost.TenantId);

    /// <summary>Runs a statement for a tenant at the target.</summary>
    public Task AtTargetAsync(LostTenant lost, string sql) => Moving.RunAsync(Target, sql, lost.TenantId);

    /// <summary>Asks the target about a tenant.</summary>
    public Task<T?> AskTargetAsync<T>(LostTenant lost, string sql) => Control.AskAtAsync<T>(Target, sql, lost.TenantId);
}

/// <summary>A tenant whose home was lost.</summary>
/// <param name="Placement">As it was before.</param>
/// <param name="Target">Where it is served since.</param>
/// <param name="Backup">From which it was restored there.</param>
public sealed record LostTenant(TenantPlacement Placement, JoinedTenant Target, Backup Backup)
{
    public Guid TenantId => Placement.TenantId;
}
