using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using NetTopologySuite.Geometries;
using Npgsql;
using WebHost.Data;
using WebHost.Fleet;
using WebHost.Gps.GeoJson;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Fleet;

public sealed class TrackReaderTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static readonly GeometryFactory Factory = new(new PrecisionModel(), 4326);
    private static readonly DateTimeOffset Day = new(DateTime.UtcNow.Date.AddDays(-3), TimeSpan.Zero);

    private TrackReader Reader => new(fixture.NewSessions());

    [Theory]
    [InlineData(HostingMode.MultiTenant)]
    [InlineData(HostingMode.SingleTenant)]
    public async Task Points_within_an_area_are_those_that_lie_in_it(HostingMode mode)
    {
        var (tenant, database) = await fixture.AddRoutedTenantAsync(mode);
        await FillAsync(database, tenant.TenantId, devices: 5, points: 2_000);
        await IndexAsync(database);
        var all = await ReadPagesAsync(tenant, Circle(14.5, 46, 10), limit: 100_000);
        Assert.Equal(2_000, all.Count);

        await Gen.Select(Gen.Double[14.4, 14.6], Gen.Double[45.9, 46.1], Gen.Double[0.001, 0.1], Gen.Int[0, 40], Gen.Int[1, 48]).SampleAsync(
            async (longitude, latitude, radius, fromHour, hours) =>
            {
                var span = new PointSpan(Day.AddHours(fromHour), Day.AddHours(fromHour + hours), Circle(longitude, latitude, radius));

                var found = await ReadAsync(tenant, span, null, 100_000);

                Assert.Equal(
                    all.Where(point => point.Point.Time >= span.From && point.Point.Time < span.To
                        && span.Area!.Intersects(Factory.CreatePoint(new Coordinate(point.Point.Longitude, point.Point.Latitude)))),
                    found);
            },
            iter: 50);
    }

    [Theory]
    [InlineData(HostingMode.MultiTenant)]
    [InlineData(HostingMode.SingleTenant)]
    public async Task A_devices_track_within_an_area_is_its_part_of_the_points_there(HostingMode mode)
    {
        var (tenant, database) = await fixture.AddRoutedTenantAsync(mode);
        await FillAsync(database, tenant.TenantId, devices: 3, points: 600);
        var area = Circle(14.5, 46, 0.03);
        var all = await ReadPagesAsync(tenant, area, limit: 1_000);
        var device = all[0].DeviceId;

        var track = new List<DateTimeOffset>();
        await Reader.ReadTrackAsync(
            tenant.TenantId, device, new PointSpan(Day, Day.AddDays(9), area), after: null, 1_000,
            async points =>
            {
                await foreach (var point in points)
                {
                    track.Add(point.Time);
                }
            },
            default);

        Assert.InRange(track.Count, 1, 199);
        Assert.Equal(all.Where(point => point.DeviceId == device).Select(point => point.Point.Time), track);
    }

    [Theory]
    [InlineData(HostingMode.MultiTenant)]
    [InlineData(HostingMode.SingleTenant)]
    public async Task Pages_hold_every_point_once_while_points_arrive_on_both_sides_of_them(HostingMode mode)
    {
        var (tenant, database) = await fixture.AddRoutedTenantAsync(mode);
        await FillAsync(database, tenant.TenantId, devices: 7, points: 1_000);
        var area = Circle(14.5, 46, 10);
        var before = await ReadPagesAsync(tenant, area, limit: 10_000);
        var arrived = 0;

        var paged = await ReadPagesAsync(tenant, area, limit: 97, async () =>
        {
            // Of other devices at the same times as points that are there, over the whole time.
            await FillAsync(database, tenant.TenantId, devices: 7, points: 50, first: 100 + (50 * arrived++), prefix: "late");
        });

        Assert.InRange(arrived, 10, 40);
        Assert.Equal(paged.Count, paged.Distinct().Count());
        Assert.Equal(before, paged.Where(before.ToHashSet().Contains));
    }

    [Fact]
    public async Task Search_within_a_finished_day_uses_the_index_on_the_position()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await FillAsync(fixture.Database, tenant.TenantId, devices: 20, points: 40_000);
        await IndexAsync(fixture.Database);

        var (found, plans) = await ExplainAsync(
            tenant,
            "SELECT count(*) FROM fleet.points_within(ST_MakeEnvelope(14.598, 45.995, 14.6, 46.005, 4326), NULL, $1, $2, NULL, NULL, 1000)",
            Day, Day.AddDays(1));

        Assert.InRange(found, 1, 999);
        Assert.Contains(
            plans,
            plan => plan.Contains($"points_{Day:yyyyMMdd}_position", StringComparison.Ordinal)
                && plan.Contains("Index Cond: (\"position\" && ", StringComparison.Ordinal));
        Assert.DoesNotContain(plans, plan => plan.Contains($"Seq Scan on points_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_of_a_wide_area_reads_no_more_than_the_minutes_it_shows()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await FillAsync(fixture.Database, tenant.TenantId, devices: 20, points: 40_000);

        var (found, plans) = await ExplainAsync(
            tenant,
            "SELECT count(*) FROM fleet.points_within(ST_MakeEnvelope(10, 40, 20, 50, 4326), NULL, $1, $2, $3, NULL, 50)",
            Day, Day.AddDays(2), Day.AddHours(7));

        // 20 devices with a point every 86 s have 50 within the first five minutes.
        var plan = Assert.Single(plans);
        Assert.Equal(50, found);
        Assert.Matches("""Index Cond: \(.*device_id = .*fix_time >= .*fix_time < """, plan);
        Assert.DoesNotContain("Seq Scan on points_", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_finds_nobody_elses_points_whatever_the_caller_claims_to_be()
    {
        var (mine, theirs) = (await fixture.AddRoutedTenantAsync(), await fixture.AddRoutedTenantAsync());
        await FillAsync(fixture.Database, mine.TenantId, devices: 1, points: 10);
        await FillAsync(fixture.Database, theirs.TenantId, devices: 1, points: 20);
        var world = Circle(14.5, 46, 10);

        Assert.Equal(10, (await ReadPagesAsync(mine, world, 1_000)).Count);
        Assert.Equal(20, (await ReadPagesAsync(theirs, world, 1_000)).Count);
        await using var connection = await fixture.OpenAsync(mine.Names.TenantRole);
        foreach (var (claimed, seen) in (ReadOnlySpan<(string, long)>)[($"{mine.TenantId}", 10), ($"{theirs.TenantId}", 0), ("", 0)])
        {
            using var transaction = connection.BeginTransaction();
            transaction.Sql("SELECT set_config('webhost.customer_id', $1, true)", claimed).ExecuteNonQuery();
            Assert.Equal(seen, transaction.Sql(
                """
                SELECT count(*) FROM fleet.points_within(
                    ST_MakeEnvelope(-180, -90, 180, 90, 4326), NULL, '-infinity', 'infinity', NULL, NULL, 1000)
                """).ExecuteScalar());
        }
    }

    [Fact]
    public async Task Ingesting_role_may_not_search()
    {
        await using var connection = await fixture.OpenAsync(fixture.Database.Roles.Ingest);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.Sql(
            "SELECT * FROM fleet.points_within(NULL, NULL, NULL, NULL, NULL, NULL, 1)").RunAsync());

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Theory]
    [InlineData(0.01, 1)]
    [InlineData(null, 2)]
    public async Task Positions_are_those_within_the_area(double? radius, int expected)
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await fixture.RunAsync(
            """
            INSERT INTO fleet.positions (customer_id, device_id, fix_time, position, received_at)
            SELECT $1, gen_random_uuid(), now(), ST_SetSRID(ST_MakePoint(14 + n, 46), 4326), now() FROM generate_series(0, 1) n
            """,
            tenant.TenantId);

        var found = 0;
        await Reader.ReadPositionsAsync(
            tenant.TenantId, radius is { } near ? Circle(14, 46, near) : null, async positions => found = await positions.CountAsync(), default);

        Assert.Equal(expected, found);
    }

    // What the tenant's role gets, with the plans of the searches in it.
    private async Task<(long Found, IReadOnlyList<string> Plans)> ExplainAsync(
        TenantPlacement tenant, string query, params object[] values)
    {
        await fixture.RunAsync("ANALYZE fleet.points, fleet.positions");
        foreach (var setting in (string[])
            ["session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0", "auto_explain.log_nested_statements = on",
                "auto_explain.log_level = notice"])
        {
            await fixture.RunAsync($"ALTER ROLE \"{tenant.Names.TenantRole}\" SET {setting}");
        }

        await using var connection = await fixture.OpenAsync(tenant.Names.TenantRole);
        var plans = new List<string>();
        connection.Notice += (_, notice) => plans.Add(notice.Notice.MessageText);
        await using var transaction = await connection.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(transaction, tenant.TenantId, default);
        var found = await transaction.Sql(query, values).FirstAsync(row => row.GetInt64(0));
        return (found, [.. plans.Where(plan => plan.Contains("st_intersects(", StringComparison.Ordinal))]);
    }

    private static Geometry Circle(double longitude, double latitude, double radius) =>
        Factory.CreatePoint(new Coordinate(longitude, latitude)).Buffer(radius);

    // Points of some devices in turn over two days, around Ljubljana.
    private async Task FillAsync(
        TenantDatabaseAddress database, Guid tenantId, int devices, int points, int first = 0, string prefix = "d")
    {
        await fixture.RunAtAsync(database, "SELECT fleet.ensure_partition($1::date + n) FROM generate_series(0, 2) n", Day);
        await fixture.RunAtAsync(
            database,
            """
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, speed, received_at, extras)
            SELECT $1, md5($6 || n % $2)::uuid, $5::timestamptz + (n / $2) * ($2 * interval '48 hours' / greatest($3, 1000)),
                   ST_SetSRID(ST_MakePoint(14.5 + 0.1 * cos(n * 0.7), 46 + 0.1 * sin(n * 1.1)), 4326), n % 30, now(), '{"n": 1}'
            FROM generate_series($4, $4 + $3 - 1) n
            """,
            tenantId, devices, points, first, Day, prefix);
        await fixture.RunAtAsync(
            database,
            """
            INSERT INTO fleet.positions (customer_id, device_id, fix_time, position, received_at)
            SELECT DISTINCT ON (device_id) customer_id, device_id, fix_time, position, received_at
            FROM fleet.points WHERE customer_id = $1 ORDER BY device_id, fix_time DESC
            ON CONFLICT DO NOTHING
            """,
            tenantId);
    }

    private Task IndexAsync(TenantDatabaseAddress database) =>
        new PositionIndexKeeper(fixture.Databases, TimeProvider.System, NullLogger<PositionIndexKeeper>.Instance)
            .RunAsync(database, default);

    private async Task<List<DevicePoint>> ReadPagesAsync(
        TenantPlacement tenant, Geometry area, int limit, Func<Task>? between = null)
    {
        var found = new List<DevicePoint>();
        var span = new PointSpan(Day, Day.AddDays(9), area);
        List<DevicePoint> page;
        do
        {
            page = await ReadAsync(
                tenant, span, found is [.., var last] ? PointCursor.Parse(new PointCursor(last.Point.Time, last.DeviceId).ToString()) : null, limit);
            found.AddRange(page);
            await (between?.Invoke() ?? Task.CompletedTask);
        }
        while (page.Count == limit);
        return found;
    }

    private async Task<List<DevicePoint>> ReadAsync(TenantPlacement tenant, PointSpan span, PointCursor? after, int limit)
    {
        List<DevicePoint> found = [];
        await Reader.ReadPointsAsync(
            tenant.TenantId, span, after, limit, async points => found = await points.ToListAsync(), default);
        return found;
    }
}
