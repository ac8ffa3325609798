using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Tests.Migration;

namespace WebHost.Tests.Backups;

/// <summary>Backups that refer to each other's files.</summary>
public sealed class TenantBackupsTests(BackupFixture fixture) : IClassFixture<BackupFixture>
{
    [Fact]
    public async Task Backup_without_changes_copies_nothing_and_has_everything()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var first = await fixture.BackUpAsync(tenant);

        var second = await fixture.BackUpAsync(tenant);

        Assert.Equal((first.Rows, first.Bytes, first.Bytes), (second.Rows, second.Bytes, first.CopiedBytes));
        Assert.Equal(0, second.CopiedBytes);
        Assert.Equal(Content(await ManifestAsync(first)), Content(await ManifestAsync(second)));
    }

    [Fact]
    public async Task Backup_copies_only_the_days_and_tables_that_have_changed()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var first = await fixture.BackUpAsync(tenant);
        await fixture.Moving.AddPointsAsync(fixture.Moving.Source, tenant, 1_001, 1);
        await RunAsync("DELETE FROM fleet.quarantine WHERE customer_id = $1 AND received_at::date = $2", tenant, MigrationFixture.FirstDay);
        await RunAsync("UPDATE fleet.vehicles SET name = 'Renamed' WHERE customer_id = $1 AND vehicle_id = 'v1'", tenant);

        var second = await fixture.BackUpAsync(tenant);

        var copied = (await ManifestAsync(second)).Chunks.Where(chunk => chunk.Blob.Contains(second.Id.ToString("n"), StringComparison.Ordinal));
        Assert.Equal(
            [("points", MigrationFixture.FirstDay.AddDays(1)), ("vehicles", (DateOnly?)null)],
            copied.Select(chunk => (chunk.Table, chunk.Day)).OrderBy(part => part.Table));
        Assert.Equal(first.Rows, second.Rows);
    }

    [Fact]
    public async Task Backup_copies_again_what_is_not_in_storage_any_more()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var first = await fixture.BackUpAsync(tenant);
        var lost = (await ManifestAsync(first)).Chunks.First(chunk => chunk.Table == "points");
        await fixture.Moving.Blobs.DeleteBlobAsync(lost.Blob);

        var second = await fixture.BackUpAsync(tenant);

        var again = Assert.Single((await ManifestAsync(second)).Chunks, chunk => chunk.Table == "points" && chunk.Day == lost.Day);
        Assert.NotEqual(lost.Blob, again.Blob);
        Assert.Equal(lost.Bytes, second.CopiedBytes);
    }

    [Fact]
    public async Task Backup_after_one_with_a_fault_copies_everything()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var first = await fixture.BackUpAsync(tenant);
        await fixture.Store.NoteVerifiedAsync(first.Id, "a file is damaged", default);

        var second = await fixture.BackUpAsync(tenant);

        Assert.Equal(second.Bytes, second.CopiedBytes);
    }

    [Fact]
    public async Task Backup_that_was_interrupted_goes_on_behind_the_finished_files()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var backup = await fixture.BeginAsync(tenant);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => fixture.Backups.RunAsync(backup, fixture.Moving.Source, new Interruption(afterChunks: 7), default));
        var before = await fixture.FilesAsync(tenant);

        var finished = await fixture.Backups.RunAsync(backup, fixture.Moving.Source, null, default);

        var files = await fixture.FilesAsync(tenant);
        Assert.Equal((BackupState.Finished, finished.Bytes), (finished.State, finished.CopiedBytes));
        Assert.Equal((await ManifestAsync(finished)).Chunks.Count + 2, files.Count);
        Assert.Empty(before.Except(files));
    }

    [Fact]
    public async Task Only_one_backup_of_a_tenant_is_made_at_a_time()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var running = await fixture.BeginAsync(tenant);

        Assert.False(await fixture.Moving.Control.Control.TransactAsync(
            transaction => BackupStore.AddAsync(transaction, running with { Id = Guid.CreateVersion7() }, default)));
    }

    [Fact]
    public async Task However_backups_are_pruned_every_file_of_those_kept_is_there_and_no_other()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var random = new Random(7);
        for (var round = 0; round < 6; round++)
        {
            await fixture.BackUpAsync(tenant);
            await fixture.Moving.AddPointsAsync(fixture.Moving.Source, tenant, 1_000 + (round * 10), random.Next(1, 3));
            if (round % 2 == 1)
            {
                // All were made today; each is given a day of its own, the newest the last.
                await SpreadOverDaysAsync(tenant);
                await fixture.Keeping(new BackupSettings { Daily = random.Next(1, 4), Weekly = 0, Monthly = 0 }).PruneAsync(tenant, default);
            }

            var listed = await fixture.Store.ListAsync(tenant, default);
            var manifests = await Task.WhenAll(listed.Select(ManifestAsync));
            var files = await fixture.FilesAsync(tenant);
            var referred = manifests.SelectMany(manifest => manifest.Chunks).Select(chunk => chunk.Blob).ToHashSet();
            Assert.Empty(referred.Except(files));
            if (round % 2 == 1)
            {
                Assert.InRange(listed.Count, 1, 3);
                Assert.Equal(
                    referred.Union(listed.Select(backup => $"{tenant:n}/{backup.Id:n}/manifest.json"))
                        .Union(listed.Select(backup => $"{tenant:n}/{backup.Id:n}/mark")).Order(),
                    files.Order());
            }
        }
    }

    [Fact]
    public async Task Pruning_leaves_alone_what_somebody_reads_and_what_is_not_known_to_have_expired()
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        var forgotten = await fixture.BackUpAsync(tenant);
        await fixture.Moving.AddPointsAsync(fixture.Moving.Source, tenant, 1_000, 5);
        var read = await fixture.BackUpAsync(tenant);
        await fixture.Moving.AddPointsAsync(fixture.Moving.Source, tenant, 1_010, 5);
        await using (var connection = await fixture.Moving.Control.Control.OpenAsync())
        {
            await connection.Sql("DELETE FROM backups WHERE id = $1", forgotten.Id).RunAsync();
        }

        await fixture.Store.HoldAsync(tenant, DateTimeOffset.UtcNow.AddHours(1), default);
        var newest = await fixture.BackUpAsync(tenant);
        var before = await fixture.FilesAsync(tenant);

        var deleted = await fixture.Keeping(new BackupSettings { Daily = 1, Weekly = 0, Monthly = 0 }).PruneAsync(tenant, default);

        Assert.Equal(0, deleted);
        Assert.Equal(before, await fixture.FilesAsync(tenant));
        Assert.Equal([newest.Id, read.Id], (await fixture.Store.ListAsync(tenant, default)).Select(backup => backup.Id));
    }

    private static IEnumerable<(string, DateOnly?, RowDigest)> Content(ExportManifest manifest) =>
        manifest.Chunks.Select(chunk => (chunk.Table, chunk.Day, chunk.Digest)).OrderBy(chunk => (chunk.Table, chunk.Day));

    private Task<ExportManifest> ManifestAsync(Backup backup) => fixture.Backups.ReadManifestAsync(backup, default);

    private Task RunAsync(string sql, params object?[] values) => fixture.Moving.RunAsync(fixture.Moving.Source, sql, values);

    private async Task SpreadOverDaysAsync(Guid tenantId)
    {
        await using var connection = await fixture.Moving.Control.Control.OpenAsync();
        await connection.Sql(
            """
            UPDATE backups b SET finished_at = now() - n * interval '1 day'
            FROM (SELECT id, row_number() OVER (ORDER BY started_at DESC) AS n FROM backups WHERE tenant_id = $1 AND state = 'finished') o
            WHERE o.id = b.id
            """,
            tenantId).RunAsync();
    }
}
