using WebHost.Migration;

namespace WebHost.Tests.Backups;

/// <summary>What restores leave behind, and for how long.</summary>
public sealed class RestoreLeftoversTests(BackupFixture fixture) : IClassFixture<BackupFixture>
{
    [Fact]
    public async Task Restored_archive_is_listed_with_its_end_and_deleted_then_and_archived_history_never()
    {
        var tenant = await fixture.AddTenantAsync();
        var (restore, history) = (Guid.NewGuid(), Guid.NewGuid());
        await ExportAsync(tenant.TenantId, TenantArchives.RestoreName(tenant.TenantId, restore));
        await ExportAsync(tenant.TenantId, Move.ArchivesOf(tenant.TenantId) + history.ToString("n"));

        var listed = (await Archives(TimeProvider.System).ListAsync(tenant.TenantId, default)).ToDictionary(archive => archive.Id);
        Assert.Equal((ArchiveKind.Restore, ArchiveKind.History), (listed[restore].Kind, listed[history].Kind));
        Assert.Null(listed[history].ExpiresAt);
        var end = listed[restore].ExpiresAt!.Value;
        Assert.Equal(0, await Archives(new FixedClock(end.AddMinutes(-1))).ExpireRestoresAsync(default));
        Assert.NotNull(await Archives(TimeProvider.System).FindAsync(tenant.TenantId, restore, default));

        Assert.Equal(1, await Archives(new FixedClock(end.AddMinutes(1))).ExpireRestoresAsync(default));

        Assert.Equal([history], (await Archives(TimeProvider.System).ListAsync(tenant.TenantId, default)).Select(archive => archive.Id));
        Assert.Null(await Archives(TimeProvider.System).FindAsync(tenant.TenantId, restore, default));
    }

    [Fact]
    public async Task Database_of_an_operation_that_is_over_is_dropped_and_that_of_one_at_work_stays()
    {
        var tenant = await fixture.Moving.Control.AddRoutedTenantAsync();
        var (over, atWork) = (Guid.NewGuid(), Guid.NewGuid());
        foreach (var (id, finished) in new[] { (over, (DateTimeOffset?)DateTimeOffset.UtcNow), (atWork, null) })
        {
            await fixture.Scratch.EnsureAsync(id, tenant.TenantId, default);
            await fixture.Moving.Control.RunInControlAsync(
                """
                INSERT INTO operations (id, kind, tenant_id, orchestrator, input, state, finished_at)
                VALUES ($1, 'restore', $2, 'RestoreTenant', '{}', 'running', $3)
                """,
                id, tenant.TenantId, finished);
        }

        Assert.Equal(1, await fixture.Scratch.DropForgottenAsync(default));

        Assert.Null(await fixture.Scratch.FindAsync(over, tenant.TenantId, default));
        Assert.NotNull(await fixture.Scratch.FindAsync(atWork, tenant.TenantId, default));
        await fixture.Scratch.DropAsync(over, default);
        await fixture.Scratch.DropAsync(atWork, default);
    }

    private Task ExportAsync(Guid tenantId, string name) => fixture.Moving.Export.RunAsync(
        fixture.Moving.Source, tenantId, name, DayRange.All, progress: null, default);

    private TenantArchives Archives(TimeProvider time) => new(fixture.Moving.Blobs, fixture.Moving.Export, time);
}
