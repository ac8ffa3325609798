using WebHost.Backups;
using WebHost.Gps.Ingestion;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Tests.Gps.Ingestion;

namespace WebHost.Tests.Backups;

/// <summary>Tenants brought back from backups and the journal.</summary>
public sealed class BackupRestoreTests(BackupFixture fixture) : IClassFixture<BackupFixture>
{
    [Fact]
    public async Task Restore_of_backup_and_journal_brings_everything_back_that_was_accepted()
    {
        var tenant = await fixture.AddTenantAsync();
        await fixture.BackUpAsync(tenant.TenantId);
        await fixture.Moving.AddPointsAsync(fixture.Moving.Source, tenant.TenantId, 1_000, 3);
        var backup = await fixture.BackUpAsync(tenant.TenantId);
        await fixture.ConsumeAsync(tenant, Sent(tenant, 20));
        var target = await fixture.ExpectAsync(tenant);

        var report = await fixture.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), target), default);

        Assert.Equal((backup.Id, backup.Rows), (report.Backup?.Id, (long?)report.Rows));
        Assert.Equal(20, report.Journal?.Points);
        Assert.Empty(report.Replaced);
        await fixture.AssertEqualAsync(tenant.TenantId);
    }

    [Fact]
    public async Task Restore_tells_how_far_it_is_up_to_the_last_row()
    {
        var tenant = await fixture.AddTenantAsync();
        var backup = await fixture.BackUpAsync(tenant.TenantId);
        var told = new Told();

        await fixture.Restore.RunAsync(
            new RestoreWanted(Guid.NewGuid(), await fixture.ExpectAsync(tenant)), told, default);

        Assert.True(told.Progress.Count > 2);
        Assert.Equal(told.Progress.Select(progress => progress.Percent).Order(), told.Progress.Select(progress => progress.Percent));
        Assert.Equal((backup.Rows, backup.Rows, 100.0), (told.Progress[^1].Rows, told.Progress[^1].RowsDone, told.Progress[^1].Percent));
    }

    [Fact]
    public async Task Restore_under_a_tenant_that_is_served_keeps_what_is_newer_there()
    {
        var tenant = await fixture.AddTenantAsync();
        await fixture.BackUpAsync(tenant.TenantId);
        var before = await fixture.Moving.ContentAsync(fixture.Moving.Source, tenant.TenantId);
        await fixture.Moving.RunAsync(
            fixture.Moving.Source, "UPDATE fleet.vehicles SET name = 'Renamed' WHERE customer_id = $1 AND vehicle_id = 'v1'", tenant.TenantId);
        await fixture.Moving.RunAsync(
            fixture.Moving.Source,
            "UPDATE fleet.positions SET fix_time = fix_time + interval '1 h', speed = 7 WHERE customer_id = $1",
            tenant.TenantId);
        await fixture.Moving.RunAsync(fixture.Moving.Source, "DELETE FROM fleet.points WHERE customer_id = $1", tenant.TenantId);
        var changed = await fixture.Moving.ContentAsync(fixture.Moving.Source, tenant.TenantId);

        await fixture.Restore.RunAsync(
            new RestoreWanted(Guid.NewGuid(), new JoinedTenant(fixture.Moving.Source, tenant.TenantId, tenant.Epoch)), default);

        var restored = await fixture.Moving.ContentAsync(fixture.Moving.Source, tenant.TenantId);
        Assert.Equal(before["points"], restored["points"]);
        Assert.Equal((changed["vehicles"], changed["positions"]), (restored["vehicles"], restored["positions"]));
    }

    [Fact]
    public async Task Restore_takes_the_backup_before_and_the_journal_where_a_file_is_damaged()
    {
        var tenant = await fixture.AddTenantAsync();
        var older = await fixture.BackUpAsync(tenant.TenantId);
        await fixture.ConsumeAsync(tenant, Sent(tenant, 20));
        await fixture.BackUpAsync(tenant.TenantId);
        await fixture.ConsumeAsync(tenant, Sent(tenant, 10, from: 20));
        var backup = await fixture.BackUpAsync(tenant.TenantId);
        var damaged = (await ManifestAsync(backup)).Chunks.Single(chunk => chunk.Table == "points" && chunk.Day == DayOfSent);
        await fixture.DamageAsync(damaged.Blob);
        var whole = (await ManifestAsync(backup)).Chunks.Single(chunk => chunk.Table == "positions");
        await fixture.DamageAsync(whole.Blob);
        var target = await fixture.ExpectAsync(tenant);

        var report = await fixture.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), target), default);

        Assert.Equal(
            [("*", (DateOnly?)null), ("points", DayOfSent)],
            report.Replaced.Select(part => (part.Table, part.Day)).Order());
        Assert.All(report.Replaced, part => Assert.NotNull(part.TakenFrom));
        Assert.DoesNotContain(report.Replaced, part => part.TakenFrom == backup.Id || part.TakenFrom == older.Id);
        await fixture.AssertEqualAsync(tenant.TenantId);
    }

    [Fact]
    public async Task Restore_goes_on_without_a_file_that_no_backup_has_whole_and_names_it()
    {
        var tenant = await fixture.AddTenantAsync();
        await fixture.BackUpAsync(tenant.TenantId);
        var backup = await fixture.BackUpAsync(tenant.TenantId);
        var lost = (await ManifestAsync(backup)).Chunks.First(chunk => chunk.Table == "points");
        await fixture.Moving.Blobs.DeleteBlobAsync(lost.Blob);
        var target = await fixture.ExpectAsync(tenant);

        var report = await fixture.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), target), default);

        var missing = Assert.Single(report.Replaced);
        Assert.Equal(("points", lost.Day, null), (missing.Table, missing.Day, missing.TakenFrom));
        Assert.Equal(
            backup.Rows - lost.Digest.Rows,
            (await TenantDigest.ReadAsync(fixture.Moving.Connections, fixture.Moving.Target, tenant.TenantId, null, default)).Rows);
    }

    [Fact]
    public async Task Restore_up_to_a_time_leaves_out_later_backups_and_later_points()
    {
        var tenant = await fixture.AddTenantAsync();
        var first = await fixture.BackUpAsync(tenant.TenantId);
        var limit = first.FinishedAt!.Value.AddMilliseconds(1);
        await fixture.ConsumeAsync(
            tenant, Sent(tenant, 5) with { ReceivedAt = limit.AddMinutes(-1) }, Sent(tenant, 7, from: 5) with { ReceivedAt = limit.AddMinutes(1) });
        await fixture.BackUpAsync(tenant.TenantId);
        var target = await fixture.ExpectAsync(tenant);

        var report = await fixture.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), target, UpTo: limit), default);

        Assert.Equal((first.Id, 5), (report.Backup?.Id, report.Journal?.Points));
        Assert.Equal(505, await fixture.Moving.Control.AskAtAsync<long>(
            fixture.Moving.Target, "SELECT count(*) FROM fleet.points WHERE customer_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task Restore_of_a_backup_that_is_not_there_is_refused()
    {
        var tenant = await fixture.AddTenantAsync();
        await fixture.BackUpAsync(tenant.TenantId);
        var target = await fixture.ExpectAsync(tenant);

        await Assert.ThrowsAsync<BackupRefusedException>(
            () => fixture.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), target, BackupId: Guid.NewGuid()), default));
    }

    [Fact]
    public async Task Restore_without_any_backup_brings_back_what_the_journal_has()
    {
        var tenant = await fixture.Moving.Control.AddServedTenantAsync();
        await fixture.ConsumeAsync(tenant, Sent(tenant, 20));
        var target = await fixture.ExpectAsync(tenant);

        var report = await fixture.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), target), default);

        Assert.Null(report.Backup);
        await fixture.AssertEqualAsync(tenant.TenantId);
    }

    [Fact]
    public async Task Restore_brings_trackers_behind_a_gateway_back_with_their_names_from_the_journal_alone()
    {
        var tenant = await fixture.Moving.Control.AddServedTenantAsync();
        var tracker = new TrackerName(Guid.NewGuid(), "352093081452251");
        await fixture.ConsumeAsync(tenant, Sent(tenant, 5) with { Tracker = tracker }, Sent(tenant, 5, from: 5) with { Tracker = tracker });
        var target = await fixture.ExpectAsync(tenant);

        await fixture.Restore.RunAsync(new RestoreWanted(Guid.NewGuid(), target), default);

        foreach (var database in new[] { fixture.Moving.Source, fixture.Moving.Target })
        {
            Assert.Equal(
                $"{Sent(tenant, 0).DeviceId} {tracker.Ident} {tracker.GatewayId} {tracker.Ident}",
                await fixture.Moving.Control.AskAtAsync<string>(
                    database,
                    "SELECT string_agg(concat_ws(' ', device_id, name, gateway_id, ident), ',') FROM fleet.devices WHERE customer_id = $1",
                    tenant.TenantId));
        }
    }

    [Fact]
    public async Task Restore_of_a_backup_from_before_a_column_was_added_leaves_that_column_as_it_is_by_itself()
    {
        var tenant = await fixture.AddTenantAsync();
        var manifest = await ManifestAsync(await fixture.BackUpAsync(tenant.TenantId));
        const string columns = "vehicle_id, name, version, created_at, updated_at";
        var file = await fixture.WriteFileAsync(tenant.TenantId, "vehicles", columns);
        var older = manifest with
        {
            SchemaVersion = "0001_before.sql",
            Columns = new Dictionary<string, string> { ["vehicles"] = columns, ["devices"] = "device_id, name, colour" },
        };
        var target = await fixture.ExpectAsync(tenant);

        await fixture.Moving.Import.JoinAsync(target, older, file, default);

        Assert.Equal(5, await fixture.Moving.Control.AskAtAsync<long>(
            fixture.Moving.Target, "SELECT count(*) FROM fleet.vehicles WHERE customer_id = $1 AND plate IS NULL", tenant.TenantId));
        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Moving.Import.JoinAsync(
            target, older, manifest.Chunks.Single(chunk => chunk.Table == "devices"), default));
    }

    [Fact]
    public async Task Proof_of_a_good_backup_finds_nothing_and_leaves_nothing()
    {
        var tenant = await fixture.AddTenantAsync();
        var backup = await fixture.BackUpAsync(tenant.TenantId);
        var runId = Guid.NewGuid();

        Assert.Null(await fixture.Proof.RunAsync(runId, backup, default));

        var noted = await fixture.Store.GetAsync(backup.Id, default);
        Assert.NotNull(noted.VerifiedAt);
        Assert.Null(noted.Fault);
        Assert.Equal(0, await fixture.Moving.Control.AskAsync<long>(
            "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE $1) + (SELECT count(*) FROM pg_roles WHERE rolname LIKE $1)",
            $"%{runId:n}%"));
    }

    [Fact]
    public async Task Proof_of_a_damaged_backup_says_what_is_damaged_and_the_next_backup_is_good()
    {
        var tenant = await fixture.AddTenantAsync();
        var backup = await fixture.BackUpAsync(tenant.TenantId);
        await fixture.DamageAsync((await ManifestAsync(backup)).Chunks.First(chunk => chunk.Table == "points").Blob);

        var fault = await fixture.Proof.RunAsync(Guid.NewGuid(), backup, default);

        Assert.Contains("points", fault, StringComparison.Ordinal);
        Assert.Equal(fault, (await fixture.Store.GetAsync(backup.Id, default)).Fault);
        Assert.Null(await fixture.Proof.RunAsync(Guid.NewGuid(), await fixture.BackUpAsync(tenant.TenantId), default));
    }

    private static DateOnly DayOfSent => DateOnly.FromDateTime(Batches.Start.UtcDateTime);

    private static PointBatch Sent(TenantPlacement tenant, int points, int from = 0) =>
        Batches.Of(tenant.TenantId, new Guid(7, 0, 0, new byte[8]), points, from: from) with { ReceivedAt = Batches.Start.AddMinutes(from) };

    private sealed class Told : IProgress<TransferProgress>
    {
        public List<TransferProgress> Progress { get; } = [];

        public void Report(TransferProgress value) => Progress.Add(value);
    }

    private Task<ExportManifest> ManifestAsync(Backup backup) => fixture.Backups.ReadManifestAsync(backup, default);
}
