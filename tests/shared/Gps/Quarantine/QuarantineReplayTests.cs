using Microsoft.Extensions.Caching.Memory;
using WebHost.Fleet;
using WebHost.Gps;
using WebHost.Gps.Ingestion;
using WebHost.Gps.Quarantine;
using WebHost.Placement;
using WebHost.Retention;
using WebHost.Tests.Fleet;
using WebHost.Tests.Gps.Ingestion;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Gps.Quarantine;

public sealed class QuarantineReplayTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    private static readonly QuarantineFilter Everything = new();

    private readonly Guid _device = Guid.NewGuid();
    private QueueFixture _queue = null!;
    private QuarantineStore _quarantine = null!;
    private QuarantineReplay _replay = null!;
    private TenantPlacement _tenant = null!;
    private int _received;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _queue = await QueueFixture.CreateAsync();
        _tenant = await fixture.AddRoutedTenantAsync();
        var sessions = fixture.NewSessions();
        _quarantine = new QuarantineStore(sessions);
        _replay = new QuarantineReplay(
            _quarantine,
            new KnownDevices(fixture.Control, new MemoryCache(new MemoryCacheOptions())),
            new TrackerStore(fixture.Control),
            _queue.Queue,
            TimeProvider.System);
    }

    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    [Fact]
    public async Task Run_what_the_rules_now_accept_goes_into_the_queue_and_leaves_the_quarantine()
    {
        // As they would be there had the rules once been stricter.
        await AddAsync("json", "out-of-range", """{"time":"2026-03-14T08:00:00Z","lat":46.05,"lon":14.5}""");
        await AddAsync("overland", "missing-time", """{"type":"Feature","geometry":{"type":"Point","coordinates":[14.5,46.05]},"properties":{"timestamp":"2026-03-14T08:00:01Z"}}""");
        await AddAsync("osmand", "unreadable-time", "lat=46.05&lon=14.5&timestamp=2026-03-14 08:00:02&note=a%26b%3D1%2B1");
        await AddAsync("json", "null-island", """{"time":"2026-03-14T08:00:03Z","lat":0,"lon":0}""");
        await AddAsync("json", "out-of-range", """{"time":"2026-03-14T08:00:04Z","lat":91,"lon":14.5}""");

        var replayed = await _replay.RunAsync(_tenant.TenantId, Everything, before: null, 100, Cancellation);
        var again = await _replay.RunAsync(_tenant.TenantId, Everything, before: null, 100, Cancellation);

        Assert.Equal((5, 3, 0), (replayed.Messages, replayed.Points, replayed.Heartbeats));
        Assert.Equal([(QuarantineReason.OutOfRange, 1), (QuarantineReason.NullIsland, 1)], replayed.Stay.Select(p => (p.Key, p.Value)));
        Assert.Equal((2, 0), (again.Messages, again.Points));
        var points = (await _queue.ReceiveAllAsync())
            .SelectMany(message => PointMessage.Read(message.Body.ToMemory()))
            .SelectMany(batch => batch.Points.Select(point => (batch.TenantId, batch.DeviceId, point.Time)));
        Assert.Equal(
            Enumerable.Range(0, 3).Select(i => (_tenant.TenantId, _device, Batches.Start.AddSeconds(i))),
            points.OrderBy(point => point.Time));
        Assert.Equal(2, (await _quarantine.ListAsync(_tenant.TenantId, Everything, null, 100, Cancellation)).Count);
    }

    [Fact]
    public async Task Run_message_of_a_tracker_goes_to_its_device_once_there_is_room_for_one()
    {
        var fleet = await TrackerFleet.AddAsync(fixture, _tenant.TenantId);
        var crowd = Enumerable.Range(0, 22).Select(i => $"tracker-{i}").ToList();
        await fleet.Trackers.RegisterAsync(await fleet.FindAsync(), crowd, Cancellation);
        await fixture.RunAsync(
            """
            INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw, ident)
            SELECT $1, $2, now(), sha256(convert_to(raw, 'UTF8')), 'unregistered-tracker', 'traccar-client-9', raw, 'tracker-21'
            FROM (VALUES ('{"timestamp":"2026-03-14T08:00:00Z","coords":{"latitude":46.05,"longitude":14.5}}')) AS kept (raw)
            """,
            _tenant.TenantId, fleet.DeviceId);

        var crowded = await _replay.RunAsync(_tenant.TenantId, Everything, before: null, 100, Cancellation);
        await fleet.Devices.RevokeAsync(_tenant.TenantId, (await fleet.FindAsync()).Trackers.DeviceOf("tracker-1"), Cancellation);
        var withRoom = await _replay.RunAsync(_tenant.TenantId, Everything, before: null, 100, Cancellation);

        Assert.Equal([(QuarantineReason.UnregisteredTracker, 1)], crowded.Stay.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal((1, 0), (withRoom.Points, withRoom.Stay.Count));
        var batch = Assert.Single((await _queue.ReceiveAllAsync())
            .SelectMany(message => PointMessage.Read(message.Body.ToMemory())));
        Assert.Equal(
            ((await fleet.FindAsync()).Trackers.DeviceOf("tracker-21"), new TrackerName(fleet.DeviceId, "tracker-21")),
            (batch.DeviceId, batch.Tracker));
        Assert.NotEqual(fleet.DeviceId, batch.DeviceId);
    }

    [Fact]
    public async Task Run_in_parts_reads_everything_once()
    {
        for (var i = 0; i < 7; i++)
        {
            await AddAsync("json", "out-of-range", $$"""{"time":1750000000,"lat":91,"lon":{{i}}}""");
        }

        QuarantineId? at = null;
        var read = new List<int>();
        do
        {
            var part = await _replay.RunAsync(_tenant.TenantId, Everything, at, 3, Cancellation);
            read.Add(part.Messages);
            at = part.Last;
        }
        while (at is not null);

        Assert.Equal([3, 3, 1], read);
    }

    [Fact]
    public async Task Run_while_the_tenant_is_being_moved_makes_points_and_removes_the_messages_when_it_is_run_after_it()
    {
        await AddAsync("json", "out-of-range", """{"time":"2026-03-14T08:00:00Z","lat":46.05,"lon":14.5}""");
        var hold = new RetentionHold(fixture.Databases);
        var database = await fixture.Databases.GetAsync(_tenant.DatabaseId!.Value, Cancellation);

        await hold.PlaceAsync(database, _tenant.TenantId, Cancellation);
        var moving = await _replay.RunAsync(_tenant.TenantId, Everything, before: null, 100, Cancellation);
        var listed = await _quarantine.ListAsync(_tenant.TenantId, Everything, null, 100, Cancellation);
        await hold.LiftAsync(database, _tenant.TenantId, Cancellation);
        var moved = await _replay.RunAsync(_tenant.TenantId, Everything, before: null, 100, Cancellation);

        Assert.Equal((1, 1), (moving.Points, moving.Held));
        Assert.Single(listed);
        Assert.Equal((1, 0), (moved.Points, moved.Held));
        Assert.Empty(await _quarantine.ListAsync(_tenant.TenantId, Everything, null, 100, Cancellation));
    }

    [Fact]
    public async Task List_by_reason_and_device_in_pages_newest_first()
    {
        for (var i = 0; i < 5; i++)
        {
            await AddAsync("json", "null-island", $$"""{"n":{{i}}}""");
            await AddAsync("json", "future", $$"""{"n":{{i}}}""");
        }

        var filter = new QuarantineFilter(QuarantineReason.NullIsland, _device);
        var first = await _quarantine.ListAsync(_tenant.TenantId, filter, before: null, 3, Cancellation);
        var second = await _quarantine.ListAsync(_tenant.TenantId, filter, first[^1].Id, 3, Cancellation);

        Assert.Equal((3, 2), (first.Count, second.Count));
        Assert.Equal(
            ["""{"n":4}""", """{"n":3}""", """{"n":2}""", """{"n":1}""", """{"n":0}"""],
            first.Concat(second).Select(message => message.Raw));
        Assert.Empty(await _quarantine.ListAsync(
            _tenant.TenantId, new QuarantineFilter(DeviceId: Guid.NewGuid()), null, 10, Cancellation));
        Assert.Empty(await _quarantine.ListAsync(
            (await fixture.AddRoutedTenantAsync()).TenantId, Everything, null, 10, Cancellation));
    }

    private Task AddAsync(string protocol, string reason, string raw) => fixture.AskAsync<bool>(
        """
        INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw)
        VALUES ($1, $2, $3, sha256(convert_to($6, 'UTF8')), $4, $5, $6) RETURNING true
        """,
        _tenant.TenantId, _device, Batches.Start.AddHours(1).AddSeconds(_received++), reason, protocol, raw);
}
