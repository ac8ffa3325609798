using System.Text.Json;
using Npgsql;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Fleet;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Tenants;
using WebHost.Testing;

namespace WebHost.Tests.Emergency;

/// <summary>Homes that come back after their tenants were brought elsewhere.</summary>
public sealed class SourceReconciliationTests(ReconciliationFixture fixture) : IClassFixture<ReconciliationFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static TheoryData<string> Places =>
    [
        SourceReconciliation.Fenced,
        SourceReconciliation.HandedOver,
        SourceReconciliation.Staged,
        SourceReconciliation.Merged,
        SourceReconciliation.Added,
        SourceReconciliation.Fetched,
    ];

    [Theory]
    [InlineData("served")]
    [InlineData("fenced")]
    [InlineData("away")]
    public async Task Source_in_whatever_state_takes_no_writes_any_more(string state)
    {
        var lost = await fixture.LoseAsync();
        var (tenantId, older) = (lost.TenantId, Guid.NewGuid());
        if (state != "served")
        {
            await fixture.Moving.Fence.CloseAsync(fixture.Source, tenantId, 1, older, Patience, default);
        }

        if (state == "away")
        {
            await fixture.Moving.Fence.HandOverAsync(fixture.Source, tenantId, 1, older, default);
        }

        var report = await fixture.RunAsync(lost);

        Assert.Equal(1, report.FencedEpoch);
        await using var tenant = await fixture.Control.OpenAsync(lost.Placement.Names.TenantRole);
        await using var transaction = await tenant.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(transaction, tenantId, default);
        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => transaction.Sql("SELECT fleet.begin_write($1)", lost.Placement.Epoch).RunAsync());
        Assert.Equal(PostgresFaults.Moved, refused.SqlState);
        Assert.Empty((await fixture.Control.AskAsync<Guid[]>("SELECT fleet.admit(ARRAY[$1], ARRAY[1::bigint])", tenantId))!);
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Moving.Fence.ReleaseAsync(fixture.Source, tenantId, 1, older, default));
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Moving.Fence.StayAsync(fixture.Source, tenantId, 1, 5, default));
        Assert.False(await fixture.Moving.Fence.ReleaseForgottenAsync(fixture.Source, tenantId, TimeSpan.Zero, default));
    }

    [Theory]
    [InlineData(2, true, false)]
    [InlineData(3, true, false)]
    [InlineData(2, false, false)]
    [InlineData(3, false, true)]
    public async Task Source_that_may_be_the_one_that_serves_is_left_alone(long epoch, bool writable, bool away)
    {
        var lost = await fixture.LoseAsync();
        await fixture.Moving.RunAsync(
            fixture.Source,
            "UPDATE fleet.customers SET epoch = $2, writable = $3, away = $4 WHERE customer_id = $1",
            lost.TenantId, epoch, writable, away);

        var refused = await Assert.ThrowsAsync<FenceRefusedException>(() => fixture.RunAsync(lost));

        Assert.Contains($"at epoch {epoch}", refused.Message, StringComparison.Ordinal);
        var state = await fixture.Moving.Fence.ReadAsync(fixture.Source, lost.TenantId, default);
        Assert.Equal((epoch, writable, away), (state!.Epoch, state.Writable, state.Away));
    }

    [Fact]
    public async Task Target_is_no_source_by_whatever_name()
    {
        var lost = await fixture.LoseAsync();
        var server = new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString)
        {
            Host = "localhost",
            Database = fixture.Target.Name,
        };
        var alias = await fixture.Control.AddForeignDatabaseAsync(server, certificateSha256: null);

        foreach (var source in (TenantDatabaseAddress[])[fixture.Target, alias])
        {
            await Assert.ThrowsAsync<FenceRefusedException>(
                () => fixture.Reconciliation().RunAsync(Guid.NewGuid(), source, lost.Target, lost.Backup, default));
        }

        Assert.True((await fixture.Moving.Fence.ReadAsync(fixture.Target, lost.TenantId, default))!.Writable);
    }

    [Theory]
    [InlineData("UPDATE fleet.customers SET writable = false, away = true WHERE customer_id = $1")]
    [InlineData("UPDATE fleet.customers SET writable = false WHERE customer_id = $1")]
    [InlineData("UPDATE fleet.customers SET epoch = 3 WHERE customer_id = $1")]
    public async Task Source_is_left_alone_while_the_target_does_not_serve(string change)
    {
        var lost = await fixture.LoseAsync();
        await fixture.AtTargetAsync(lost, change);

        await Assert.ThrowsAsync<FenceRefusedException>(() => fixture.RunAsync(lost));

        Assert.True((await fixture.Moving.Fence.ReadAsync(fixture.Source, lost.TenantId, default))!.Writable);
    }

    [Fact]
    public async Task Source_that_does_not_know_the_tenant_is_refused()
    {
        var lost = await fixture.LoseAsync();
        var empty = await fixture.Control.AddDatabaseAsync();

        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Reconciliation().RunAsync(Guid.NewGuid(), empty, lost.Target, lost.Backup, default));
    }

    [Fact]
    public async Task What_was_edited_at_the_source_after_the_backup_is_at_the_target_afterwards()
    {
        var lost = await fixture.LoseAsync();
        foreach (var sql in (string[])
        [
            """
            UPDATE fleet.vehicles SET name = 'Renamed', version = 2, updated_at = '2026-04-01 10:00Z'
            WHERE customer_id = $1 AND vehicle_id = 'v1'
            """,
            "DELETE FROM fleet.vehicles WHERE customer_id = $1 AND vehicle_id = 'v5'",
            "INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ($1, 'v9', 'New')",
            "INSERT INTO fleet.devices (customer_id, device_id, name) VALUES ($1, md5('d9')::uuid, 'New')",
            """
            INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id)
            VALUES ($1, md5('d9')::uuid, now(), 'v9')
            """,
            "UPDATE fleet.geofences SET area = ST_Translate(area, 1e-9, 0), version = 2 WHERE customer_id = $1 AND geofence_id = 'a'",
            "DELETE FROM fleet.geofences WHERE customer_id = $1 AND geofence_id = 'b'",
        ])
        {
            await fixture.AtSourceAsync(lost, sql);
        }

        var report = await fixture.RunAsync(lost);

        await fixture.Backups.AssertEqualAsync(lost.TenantId);
        Assert.Equal((0L, lost.Backup.Id, null), (report.ConflictCount, report.BasisBackupId, report.BasisFault));
        Assert.Equal(
            [("vehicles", 1, 1, 1), ("devices", 1, 0, 0), ("device_vehicles", 1, 0, 0), ("geofences", 0, 1, 1)],
            report.Tables.Take(4).Select(table => (table.Table, (int)table.Added, (int)table.Changed, (int)table.Deleted)));
    }

    [Fact]
    public async Task What_was_edited_on_both_sides_stays_as_it_is_at_the_target_and_is_listed_with_both_contents()
    {
        var lost = await fixture.LoseAsync();
        await fixture.AtSourceAsync(
            lost,
            """
            UPDATE fleet.geofences SET name = 'Theirs', version = 4, updated_at = '2026-04-01 10:00Z',
                area = 'SRID=4326;POLYGON((1.25 2,3 2,3 4,1.25 2))' WHERE customer_id = $1 AND geofence_id = 'a'
            """);
        await fixture.AtTargetAsync(
            lost,
            """
            UPDATE fleet.geofences SET name = 'Ours', version = 2, updated_at = '2026-04-02 10:00Z'
            WHERE customer_id = $1 AND geofence_id = 'a'
            """);

        var report = await fixture.RunAsync(lost);

        var conflict = Assert.Single(report.Conflicts);
        Assert.Equal(
            ("geofences", "a", MergeConflictReason.BothChanged),
            (conflict.Table, conflict.Key.GetProperty("geofenceId").GetString(), conflict.Reason));
        Assert.Equal(
            (new DateTimeOffset(2026, 4, 1, 10, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 4, 2, 10, 0, 0, TimeSpan.Zero)),
            (conflict.SourceUpdatedAt, conflict.TargetUpdatedAt));
        var area = conflict.Source!.Value.GetProperty("area");
        Assert.Equal(
            ("Polygon", "[[[1.25,2],[3,2],[3,4],[1.25,2]]]"),
            (area.GetProperty("type").GetString(), JsonSerializer.Serialize(area.GetProperty("coordinates"))));
        Assert.Equal(("Theirs", "Ours"), (NameIn(conflict.Source), NameIn(conflict.Target)));
        Assert.Equal("Ours", await fixture.AskTargetAsync<string>(
            lost, "SELECT name FROM fleet.geofences WHERE customer_id = $1 AND geofence_id = 'a' AND version = 5"));
        Assert.Contains("\"both-changed\"", JsonText.Of(report).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_backup_what_only_the_source_has_is_added_and_nothing_is_deleted_or_changed()
    {
        var lost = await fixture.LoseAsync();
        await EditBothAsync(lost);
        var before = await fixture.Moving.ContentAsync(fixture.Target, lost.TenantId);

        var report = await fixture.Reconciliation().RunAsync(Guid.NewGuid(), fixture.Source, lost.Target, restoredFrom: null, default);

        Assert.Null(report.BasisBackupId);
        Assert.NotNull(report.BasisFault);
        Assert.Equal(
            [("vehicles", "v1")],
            report.Conflicts.Select(conflict => (conflict.Table, conflict.Key.GetProperty("vehicleId").GetString())));
        Assert.Equal((1, 0, 0), CountsOf(report, "vehicles"));
        var after = await fixture.Moving.ContentAsync(fixture.Target, lost.TenantId);
        Assert.Equal(before["geofences"], after["geofences"]);
        Assert.Equal("Van 1", await fixture.AskTargetAsync<string>(
            lost, "SELECT name FROM fleet.vehicles WHERE customer_id = $1 AND vehicle_id = 'v1'"));
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("gone")]
    [InlineData("without manifest")]
    public async Task Backup_that_cannot_be_read_is_none_and_the_report_says_so(string fault)
    {
        var lost = await fixture.LoseAsync();
        await EditBothAsync(lost);
        var manifest = await fixture.Backups.Backups.ReadManifestAsync(lost.Backup, default);
        var file = manifest.Chunks.Single(chunk => chunk.Table == "devices").Blob;
        await (fault switch
        {
            "damaged" => fixture.Backups.DamageAsync(file),
            "gone" => fixture.Moving.Blobs.DeleteBlobAsync(file),
            _ => fixture.Moving.Blobs.DeleteBlobAsync($"{manifest.Name}/manifest.json"),
        });

        var report = await fixture.RunAsync(lost);

        Assert.Null(report.BasisBackupId);
        Assert.Contains(lost.Backup.Id.ToString(), report.BasisFault, StringComparison.Ordinal);
        Assert.Equal(1, report.ConflictCount);
        Assert.Equal((1, 0, 0), CountsOf(report, "vehicles"));
    }

    [Fact]
    public async Task Backup_from_before_a_column_was_added_has_that_columns_default()
    {
        var lost = await fixture.LoseAsync();
        await fixture.AtSourceAsync(lost, "UPDATE fleet.vehicles SET plate = NULL WHERE customer_id = $1");
        await fixture.AtTargetAsync(lost, "UPDATE fleet.vehicles SET plate = NULL WHERE customer_id = $1");
        await fixture.AtSourceAsync(lost, "UPDATE fleet.vehicles SET plate = 'S-1' WHERE customer_id = $1 AND vehicle_id = 'v1'");
        await fixture.AtTargetAsync(lost, "UPDATE fleet.vehicles SET plate = 'T-2' WHERE customer_id = $1 AND vehicle_id = 'v2'");
        await WriteOlderManifestAsync(lost);

        var report = await fixture.RunAsync(lost);

        Assert.Equal(lost.Backup.Id, report.BasisBackupId);
        Assert.Equal((0, 1, 0), CountsOf(report, "vehicles"));
        Assert.Equal(0, report.ConflictCount);
        Assert.Equal("S-1 T-2", await fixture.AskTargetAsync<string>(
            lost, "SELECT string_agg(plate, ' ' ORDER BY vehicle_id) FROM fleet.vehicles WHERE customer_id = $1"));
    }

    [Fact]
    public async Task Backup_of_another_tenant_is_refused()
    {
        var (lost, other) = (await fixture.LoseAsync(), await fixture.LoseAsync());

        await Assert.ThrowsAsync<ArgumentException>(
            () => fixture.Reconciliation().RunAsync(Guid.NewGuid(), fixture.Source, lost.Target, other.Backup, default));
    }

    [Fact]
    public async Task Points_and_messages_that_only_the_source_has_are_added_and_those_that_differ_stay()
    {
        var lost = await fixture.LoseAsync();
        var neighbour = await fixture.LoseAsync();
        var others = await fixture.Moving.ContentAsync(fixture.Target, neighbour.TenantId);
        await fixture.Moving.AddPointsAsync(fixture.Source, lost.TenantId, 100, 30);
        await fixture.Moving.RunAsync(fixture.Source, "SELECT fleet.ensure_partition('2031-05-06')");
        await fixture.AtSourceAsync(
            lost,
            """
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, received_at)
            VALUES ($1, md5('d1')::uuid, '2031-05-06 07:00Z', 'SRID=4326;POINT(13 52)', now())
            """);
        await fixture.AtTargetAsync(
            lost,
            """
            UPDATE fleet.points SET speed = 1e6 WHERE customer_id = $1 AND device_id = md5('d2')::uuid
            """);
        await fixture.AtTargetAsync(
            lost,
            """
            UPDATE fleet.points SET received_at = received_at + interval '1 s'
            WHERE customer_id = $1 AND device_id = md5('d3')::uuid
            """);
        const string countDifferent = "SELECT count(*) FROM fleet.points WHERE customer_id = $1 AND speed = 1e6";
        var different = await fixture.AskTargetAsync<long>(lost, countDifferent);
        await fixture.AtSourceAsync(
            lost,
            """
            INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw)
            VALUES ($1, md5('d1')::uuid, '2026-03-28 07:00Z', sha256('x'), 'future', 'osmand', 'x')
            """);
        await fixture.AtTargetAsync(
            lost, "UPDATE fleet.quarantine SET raw = 'other' WHERE customer_id = $1 AND device_id = md5('d0')::uuid");

        await fixture.Moving.AddPointsAsync(fixture.Target, lost.TenantId, 1_000, 7);

        var report = await fixture.RunAsync(lost);

        var points = report.Tables.Single(table => table.Table == "points");
        var quarantine = report.Tables.Single(table => table.Table == "quarantine");
        Assert.Equal((31, different, 10), (points.Added, points.Different, points.DifferentKeys.Count));
        Assert.All(
            points.DifferentKeys,
            key => Assert.True(key.TryGetProperty("fixTime", out _) && key.TryGetProperty("deviceId", out _)));
        Assert.Equal((1L, 1L), (quarantine.Added, quarantine.Different));
        Assert.Equal(138, await fixture.AskTargetAsync<long>(lost, "SELECT count(*) FROM fleet.points WHERE customer_id = $1"));
        Assert.Equal(different, await fixture.AskTargetAsync<long>(lost, countDifferent));
        Assert.Equal(others, await fixture.Moving.ContentAsync(fixture.Target, neighbour.TenantId));
    }

    [Fact]
    public async Task Of_positions_and_signs_of_life_the_newer_stay()
    {
        var lost = await fixture.LoseAsync();
        await fixture.AtSourceAsync(
            lost,
            """
            UPDATE fleet.positions SET fix_time = fix_time + interval '1 h', speed = 7
            WHERE customer_id = $1 AND device_id = md5('d1')::uuid
            """);
        await fixture.AtTargetAsync(
            lost,
            """
            UPDATE fleet.positions SET fix_time = fix_time + interval '2 h', speed = 9
            WHERE customer_id = $1 AND device_id = md5('d2')::uuid
            """);
        await fixture.AtSourceAsync(
            lost,
            "INSERT INTO fleet.heartbeats (customer_id, device_id, heard_at) VALUES ($1, md5('d9')::uuid, now())");
        await fixture.AtTargetAsync(
            lost,
            "UPDATE fleet.heartbeats SET heard_at = heard_at + interval '1 s', battery = 1 WHERE customer_id = $1");

        var report = await fixture.RunAsync(lost);

        Assert.Equal(((0, 1, 0), (1, 0, 0)), (CountsOf(report, "positions"), CountsOf(report, "heartbeats")));
        Assert.Equal("7 9", await fixture.AskTargetAsync<string>(
            lost,
            """
            SELECT string_agg(speed::text, ' ' ORDER BY speed) FROM fleet.positions
            WHERE customer_id = $1 AND device_id IN (md5('d1')::uuid, md5('d2')::uuid)
            """));
        Assert.Equal(5, await fixture.AskTargetAsync<long>(lost, "SELECT count(*) FROM fleet.heartbeats WHERE customer_id = $1 AND battery = 1"));
    }

    [Fact]
    public async Task Second_run_changes_nothing_though_the_tenant_has_gone_on_and_answers_the_same()
    {
        var lost = await fixture.LoseAsync();
        await EditBothAsync(lost);
        await fixture.Moving.AddPointsAsync(fixture.Source, lost.TenantId, 100, 30);
        var first = await fixture.RunAsync(lost);
        foreach (var sql in (string[])
        [
            "DELETE FROM fleet.vehicles WHERE customer_id = $1 AND vehicle_id = 'v9'",
            "UPDATE fleet.vehicles SET name = 'Van 1', version = version + 1 WHERE customer_id = $1 AND vehicle_id = 'v1'",
            "DELETE FROM fleet.points WHERE customer_id = $1 AND fix_time < '2026-03-28'",
            "DELETE FROM fleet.quarantine WHERE customer_id = $1",
        ])
        {
            await fixture.AtTargetAsync(lost, sql);
        }

        var before = await fixture.Moving.ContentAsync(fixture.Target, lost.TenantId);
        var second = await fixture.RunAsync(lost);

        Assert.Equal(JsonText.Of(first), JsonText.Of(second));
        Assert.Equal(before, await fixture.Moving.ContentAsync(fixture.Target, lost.TenantId));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Attempt_that_dies_at_a_place_is_taken_up_by_the_next_and_the_report_counts_what_both_did(string place)
    {
        var lost = await fixture.LoseAsync();
        await EditBothAsync(lost);
        await fixture.Moving.AddPointsAsync(fixture.Source, lost.TenantId, 100, 30);
        var dying = fixture.Reconciliation(reached => reached == place ? throw new IOException("Broken.") : Task.CompletedTask);

        await Assert.ThrowsAsync<IOException>(
            () => dying.RunAsync(Guid.NewGuid(), fixture.Source, lost.Target, lost.Backup, default));
        var report = await fixture.RunAsync(lost);

        Assert.Equal((1, 1, 0), CountsOf(report, "vehicles"));
        Assert.Equal((0, 0, 1), CountsOf(report, "geofences"));
        Assert.Equal((30, 0, 0), CountsOf(report, "points"));
        await fixture.Backups.AssertEqualAsync(lost.TenantId);
    }

    [Fact]
    public async Task Attempt_whose_connections_are_cut_anywhere_leaves_nothing_half_done()
    {
        for (var i = 0; i < 4; i++)
        {
            var lost = await fixture.LoseAsync();
            await EditBothAsync(lost);
            await fixture.Moving.AddPointsAsync(fixture.Source, lost.TenantId, 100, 30);
            var (cut, cuts) = (0, i);
            var attempts = 0;
            ReconciliationReport? report = null;
            while (report is null)
            {
                attempts++;
                try
                {
                    report = await fixture.Reconciliation(async _ =>
                    {
                        if (cut < 4 && cuts-- == 0)
                        {
                            cut++;
                            cuts = i % 3;
                            await CutAsync();
                        }
                    }).RunAsync(Guid.NewGuid(), fixture.Source, lost.Target, lost.Backup, default);
                }
                catch (Exception broken) when (broken is NpgsqlException or IOException or InvalidOperationException)
                {
                    Assert.True(attempts < 10, $"Still broken: {broken}");
                }
            }

            Assert.True(attempts > 1);
            Assert.Equal((1, 1, 0), CountsOf(report, "vehicles"));
            Assert.Equal((30, 0, 0), CountsOf(report, "points"));
            await fixture.Backups.AssertEqualAsync(lost.TenantId);
        }
    }

    [Fact]
    public async Task Two_attempts_at_once_answer_the_same()
    {
        var lost = await fixture.LoseAsync();
        await EditBothAsync(lost);
        await fixture.Moving.AddPointsAsync(fixture.Source, lost.TenantId, 100, 30);
        await fixture.Moving.Fence.CloseAsync(fixture.Source, lost.TenantId, 1, Guid.Empty, Patience, default);
        await fixture.Moving.Fence.HandOverAsync(fixture.Source, lost.TenantId, 1, Guid.Empty, default);

        var reports = await Task.WhenAll(fixture.RunAsync(lost), fixture.RunAsync(lost));

        Assert.Equal(JsonText.Of(reports[0]), JsonText.Of(reports[1]));
        Assert.Equal((30, 0, 0), CountsOf(reports[0], "points"));
        await fixture.Backups.AssertEqualAsync(lost.TenantId);
    }

    [Fact]
    public async Task Writes_at_the_target_go_on_and_none_is_lost()
    {
        var lost = await fixture.LoseAsync();
        await EditBothAsync(lost);
        await fixture.Moving.AddPointsAsync(fixture.Source, lost.TenantId, 100, 500);
        using var stop = new CancellationTokenSource();
        var sessions = fixture.Control.NewSessions();
        var vehicles = new VehicleStore(sessions, new TenantStore(fixture.Control.Control));
        var geofences = new GeofenceStore(sessions);
        var ingest = await fixture.Control.OpenAsync(fixture.Target.Roles.Ingest, fixture.Target);
        var writers = new[]
        {
            RepeatAsync(n => vehicles.PutAsync(lost.TenantId, "v3", $"Name {n}", null, RowExpectation.Present, default), stop.Token),
            RepeatAsync(
                async n =>
                {
                    var area = (await geofences.FindAsync(lost.TenantId, "a", default))!.Area;
                    await geofences.PutAsync(lost.TenantId, "a", $"Name {n}", area, RowExpectation.Present, default);
                },
                stop.Token),
            RepeatAsync(
                n => ingest.Sql(
                    """
                    SELECT fleet.ingest_points(ARRAY[$1], ARRAY[2::bigint], array_fill($1, ARRAY[5]),
                        ARRAY[md5('d4'), md5('d3'), md5('d2'), md5('d1'), md5('d0')]::uuid[],
                        array_fill('2026-03-28 12:00Z'::timestamptz + $2 * interval '1 ms', ARRAY[5]), array_fill(13::float8, ARRAY[5]),
                        array_fill(52::float8, ARRAY[5]), array_fill(NULL::real, ARRAY[5]), array_fill(NULL::real, ARRAY[5]),
                        array_fill(NULL::real, ARRAY[5]), array_fill(NULL::real, ARRAY[5]), array_fill(NULL::real, ARRAY[5]),
                        array_fill(now(), ARRAY[5]), array_fill(NULL::text, ARRAY[5]))
                    """,
                    lost.TenantId, n).RunAsync(),
                stop.Token),
        };

        var report = await fixture.RunAsync(lost);
        await stop.CancelAsync();
        var written = await Task.WhenAll(writers);
        await ingest.DisposeAsync();

        Assert.All(written, count => Assert.True(count > 0));
        Assert.Equal($"Name {written[0] - 1}", await fixture.AskTargetAsync<string>(
            lost, "SELECT name FROM fleet.vehicles WHERE customer_id = $1 AND vehicle_id = 'v3'"));
        Assert.Equal($"Name {written[1] - 1}", await fixture.AskTargetAsync<string>(
            lost, "SELECT name FROM fleet.geofences WHERE customer_id = $1 AND geofence_id = 'a'"));
        Assert.Equal(600 + (5L * written[2]), await fixture.AskTargetAsync<long>(
            lost, "SELECT count(*) FROM fleet.points WHERE customer_id = $1"));
        Assert.Equal((500, 0, 0), CountsOf(report, "points"));
        Assert.Equal((1, 1, 0), CountsOf(report, "vehicles"));
    }

    [Fact]
    public async Task Merge_waits_for_who_writes_and_lets_others_write_meanwhile()
    {
        var lost = await fixture.LoseAsync();
        await EditBothAsync(lost);
        await using var connection = await fixture.Moving.Connections.OpenAsync(fixture.Target, default);
        await using var transaction = await connection.BeginTransactionAsync();
        await transaction.Sql("SELECT FROM fleet.customers WHERE customer_id = $1 FOR SHARE", lost.TenantId).RunAsync();
        await transaction.Sql(
            "UPDATE fleet.vehicles SET name = 'Mine' WHERE customer_id = $1 AND vehicle_id = 'v1'", lost.TenantId).RunAsync();
        var running = fixture.RunAsync(lost);
        await Eventually.IsTrueAsync(async () => await fixture.Control.AskAtAsync<bool>(
            fixture.Target,
            """
            SELECT EXISTS (
                SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%')
            """));

        Assert.Single((await fixture.AskTargetAsync<Guid[]>(lost, "SELECT fleet.admit(ARRAY[$1], ARRAY[2::bigint])"))!);
        Assert.False(running.IsCompleted);
        await transaction.CommitAsync();
        var report = await running;

        Assert.Equal("Mine", NameIn(Assert.Single(report.Conflicts).Target));
    }

    private static string? NameIn(JsonElement? row) => row?.GetProperty("name").GetString();

    private static (int Added, int Changed, int Deleted) CountsOf(ReconciliationReport report, string name)
    {
        var table = report.Tables.Single(table => table.Table == name);
        return ((int)table.Added, (int)table.Changed, (int)table.Deleted);
    }

    // Counts from 0 until it is stopped, and answers how often it was done.
    private static async Task<int> RepeatAsync(Func<int, Task> write, CancellationToken stop)
    {
        var n = 0;
        while (!stop.IsCancellationRequested || n == 0)
        {
            await write(n++);
        }

        return n;
    }

    // A vehicle is changed and one is added, and a geofence is deleted, all at the source.
    private async Task EditBothAsync(LostTenant lost)
    {
        await fixture.AtSourceAsync(
            lost, "UPDATE fleet.vehicles SET name = 'Renamed', version = 2 WHERE customer_id = $1 AND vehicle_id = 'v1'");
        await fixture.AtSourceAsync(lost, "INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ($1, 'v9', 'New')");
        await fixture.AtSourceAsync(lost, "DELETE FROM fleet.geofences WHERE customer_id = $1 AND geofence_id = 'b'");
    }

    private async Task CutAsync()
    {
        foreach (var database in (TenantDatabaseAddress[])[fixture.Source, fixture.Target])
        {
            await fixture.Moving.RunAsync(
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }
    }

    // As if the backup had been made when vehicles had no plates.
    private async Task WriteOlderManifestAsync(LostTenant lost)
    {
        var manifest = await fixture.Backups.Backups.ReadManifestAsync(lost.Backup, default);
        const string columns = "vehicle_id, name, version, created_at, updated_at";
        var file = await fixture.Backups.WriteFileAsync(lost.TenantId, "vehicles", columns);
        await fixture.Moving.Blobs.GetBlobClient($"{manifest.Name}/manifest.json").UploadAsync(
            new BinaryData(JsonText.Of(manifest with
            {
                Columns = manifest.Columns.ToDictionary(table => table.Key, table => table.Key == "vehicles" ? columns : table.Value),
                Chunks = [.. manifest.Chunks.Where(chunk => chunk.Table != "vehicles"), file],
            }).Text),
            overwrite: true);
    }
}
