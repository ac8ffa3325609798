using CsCheck;
using WebHost.Data;
using WebHost.Gps;
using WebHost.Gps.Ingestion;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Testing;
using WebHost.Tests.Gps.Ingestion;

namespace WebHost.Tests.Backups;

/// <summary>The journal, read back into a database.</summary>
public sealed class JournalReplayTests(BackupFixture fixture) : IClassFixture<BackupFixture>
{
    private static readonly string[] Fed = ["points", "positions", "heartbeats", "quarantine"];

    [Fact]
    public Task Replay_of_whatever_was_accepted_makes_what_accepting_it_made() =>
        Accepted.SampleAsync(
            async messages =>
            {
                var (tenant, neighbour) = (await fixture.Moving.Control.AddServedTenantAsync(), await fixture.Moving.Control.AddServedTenantAsync());
                foreach (var group in messages.Chunk(7))
                {
                    await fixture.ConsumeAsync(
                        tenant,
                        [.. group.Select(batch => batch with { TenantId = tenant.TenantId }), Batches.Of(neighbour.TenantId, Guid.NewGuid(), 3)]);
                }

                // A consumer that died before it had settled its messages gets them again.
                await fixture.ConsumeAsync(tenant, [.. messages.Take(5).Select(batch => batch with { TenantId = tenant.TenantId })]);
                var target = await fixture.ExpectAsync(tenant);

                var replayed = await fixture.Replay.RunAsync(Guid.NewGuid(), target, null, null, default);

                Assert.Equal(messages.Concat(messages.Take(5)).Count(batch => batch.Count > 0), replayed.Batches);
                Assert.Equal(await FedAsync(fixture.Moving.Source, tenant), await FedAsync(fixture.Moving.Target, tenant));
                Assert.All((await fixture.Moving.ContentAsync(fixture.Moving.Target, neighbour.TenantId)).Values, Assert.Empty);
            },
            iter: 8,
            threads: 1);

    [Fact]
    public async Task Replay_takes_only_what_was_received_between_two_times()
    {
        var tenant = await fixture.Moving.Control.AddServedTenantAsync();
        var device = Guid.NewGuid();
        PointBatch At(int hour) => Batches.Of(tenant.TenantId, device, 1, from: hour) with { ReceivedAt = Batches.Start.AddHours(hour) };
        await fixture.ConsumeAsync(tenant, At(0), At(1));
        await fixture.ConsumeAsync(tenant, At(2), At(3));
        var target = await fixture.ExpectAsync(tenant);

        var replayed = await fixture.Replay.RunAsync(
            Guid.NewGuid(), target, Batches.Start.AddHours(1), Batches.Start.AddHours(2), default);

        Assert.Equal((2, Batches.Start.AddHours(1), Batches.Start.AddHours(2)), (replayed.Points, replayed.Oldest, replayed.Newest));
        Assert.Equal(2, await CountAsync(tenant));
    }

    [Fact]
    public async Task Replay_that_was_killed_goes_on_behind_what_it_had_written()
    {
        var tenant = await fixture.Moving.Control.AddServedTenantAsync();
        var (early, late) = (new DateOnly(2026, 2, 3), new DateOnly(2026, 2, 4));
        PointBatch On(DateOnly day, int hours) => new(
            tenant.TenantId,
            Guid.NewGuid(),
            Batches.Start.AddHours(hours),
            GpsProtocol.Json,
            [.. Enumerable.Range(0, 10_000).Select(i => new GpsPoint(new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero).AddSeconds(i), 46, 14))],
            [],
            []);
        await fixture.AppendAsync(On(early, 0));
        await fixture.AppendAsync(On(late, 1));
        var target = await fixture.ExpectAsync(tenant);
        await fixture.Moving.RunAsync(fixture.Moving.Target, "SELECT fleet.ensure_partition($1)", late);
        var runId = Guid.NewGuid();

        // The early day's partition cannot be made while this lasts.
        await using (var other = await fixture.Moving.Connections.OpenAsync(fixture.Moving.Target, default))
        {
            await using var transaction = await other.BeginTransactionAsync();
            await transaction.Sql("SELECT pg_advisory_xact_lock(hashtext('fleet.ensure_partition'))").RunAsync();
            using var killed = new CancellationTokenSource();
            var running = fixture.Replay.RunAsync(runId, target, null, null, killed.Token);
            await Eventually.IsTrueAsync(async () => await CountMarksAsync(tenant) == 1);
            await killed.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        Assert.Equal(10_000, await CountAsync(tenant));
        var rest = await fixture.Replay.RunAsync(runId, target, null, null, default);

        Assert.Equal(10_000, rest.Points);
        Assert.Equal(20_000, await CountAsync(tenant));
    }

    [Fact]
    public async Task Replay_leaves_out_what_is_damaged_or_refused_and_says_so()
    {
        var tenant = await fixture.Moving.Control.AddServedTenantAsync();
        await fixture.AppendAsync(Batches.Of(tenant.TenantId, Guid.NewGuid(), 3));
        await fixture.AppendAsync(
            Batches.Of(tenant.TenantId, Guid.NewGuid(), 4), Batches.Of(tenant.TenantId, Guid.NewGuid(), 5, extras: "no JSON"));
        var lost = await BlobsAsync(tenant);
        await fixture.JournalBlobs.GetBlobClient(lost[0]).UploadAsync(new BinaryData([1, 2, 3]), overwrite: true);
        await fixture.AppendAsync(Batches.Of(tenant.TenantId, Guid.NewGuid(), 6));
        var target = await fixture.ExpectAsync(tenant);

        var replayed = await fixture.Replay.RunAsync(Guid.NewGuid(), target, null, null, default);

        Assert.Equal((10, 2), (replayed.Points, replayed.FaultCount));
        Assert.Equal(10, await CountAsync(tenant));
        Assert.Single(replayed.Faults, fault => fault.Contains(lost[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Replay_joins_what_a_tenant_that_is_served_has_received_meanwhile()
    {
        var tenant = await fixture.Moving.Control.AddServedTenantAsync();
        var device = Guid.NewGuid();
        await fixture.AppendAsync(Batches.Of(tenant.TenantId, device, 5));

        // Served at the source, as after an emergency's switch; newer points have come.
        await fixture.ConsumeAsync(tenant, Batches.Of(tenant.TenantId, device, 2, from: 100));
        var served = new JoinedTenant(fixture.Moving.Source, tenant.TenantId, tenant.Epoch);

        await fixture.Replay.RunAsync(Guid.NewGuid(), served, null, null, default);

        Assert.Equal(7, await fixture.Moving.Control.AskAsync<long>("SELECT count(*) FROM fleet.points WHERE customer_id = $1", tenant.TenantId));
        Assert.Equal(
            Batches.Start.AddSeconds(101).UtcDateTime,
            await fixture.Moving.Control.AskAsync<DateTime>("SELECT fix_time FROM fleet.positions WHERE customer_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task Replay_at_another_epoch_is_refused_and_writes_nothing()
    {
        var tenant = await fixture.Moving.Control.AddServedTenantAsync();
        await fixture.AppendAsync(Batches.Of(tenant.TenantId, Guid.NewGuid(), 5));
        var target = await fixture.ExpectAsync(tenant);

        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Replay.RunAsync(Guid.NewGuid(), target with { Epoch = target.Epoch + 1 }, null, null, default));

        Assert.Equal(0, await CountAsync(tenant));
    }

    // Few devices and few moments, so that they meet; what a device says of one moment it always says alike.
    private static Gen<PointBatch[]> Accepted =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 200], Gen.Int[0, 40].Array[0, 15], Gen.Int[0, 40].Array[0, 3], Gen.Int[0, 3]).Select(
            (device, received, points, heartbeats, refused) => new PointBatch(
                Guid.Empty,
                new Guid(device, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]),
                Batches.Start.AddMinutes(received),
                GpsProtocol.OsmAnd,
                [.. points.Distinct().Select(at => new GpsPoint(
                    Batches.Start.AddHours(at), 46 + (at / 100.0), 14 + (device / 10.0), BatteryPercent: at, Extras: at % 2 == 0 ? null : "{\"a\":1}"))],
                [.. heartbeats.Distinct().Select(at => new GpsHeartbeat(Batches.Start.AddHours(at), at))],
                [.. Enumerable.Range(0, refused).Select(i => new QuarantinedPoint(QuarantineReason.Future, $"raw {i}"))]))
            .Array[1, 30].Select(batches => batches.DistinctBy(batch => batch.ReceivedAt).ToArray()).Select(OnlyOncePerMoment);

    // The same point sent in two requests is kept as the first of them was received, which the consumer does not know
    // either.
    private static PointBatch[] OnlyOncePerMoment(PointBatch[] batches)
    {
        var sent = new HashSet<(Guid, DateTimeOffset)>();
        return [.. batches.OrderBy(batch => batch.ReceivedAt).Select(batch => batch with
        {
            Points = [.. batch.Points.Where(point => sent.Add((batch.DeviceId, point.Time)))],
        })];
    }

    private async Task<Dictionary<string, string>> FedAsync(TenantDatabaseAddress database, TenantPlacement tenant) =>
        (await fixture.Moving.ContentAsync(database, tenant.TenantId)).Where(table => Fed.Contains(table.Key))
            .ToDictionary(table => table.Key, table => table.Value);

    private Task<long> CountAsync(TenantPlacement tenant) => fixture.Moving.Control.AskAtAsync<long>(
        fixture.Moving.Target, "SELECT count(*) FROM fleet.points WHERE customer_id = $1", tenant.TenantId);

    private Task<long> CountMarksAsync(TenantPlacement tenant) => fixture.Moving.Control.AskAtAsync<long>(
        fixture.Moving.Target, "SELECT count(*) FROM fleet.arrived_chunks WHERE customer_id = $1", tenant.TenantId);

    private async Task<List<string>> BlobsAsync(TenantPlacement tenant)
    {
        await using var connection = await fixture.Moving.Control.Control.OpenAsync();
        return await connection.Sql("SELECT blob FROM journal_entries WHERE tenant_id = $1 ORDER BY blob", tenant.TenantId)
            .ListAsync(row => row.GetString(0));
    }
}
