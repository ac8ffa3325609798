using Microsoft.Extensions.Logging.Abstractions;
using NetTopologySuite.IO;
using Npgsql;
using WebHost.Data;
using WebHost.Fleet;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Tests.Migration;

/// <summary>
/// A tenant database of one tenant's own, where points is a hypertable if the server has TimescaleDB. What is a week old is
/// then in the columnstore, and must not be told from what is not.
/// </summary>
public sealed class OwnDatabaseTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    private const int Points = 500;

    [Fact]
    public async Task Points_are_a_hypertable_where_TimescaleDB_is_loaded_and_partitioned_where_it_is_not()
    {
        var own = await fixture.Control.AddDatabaseAsync(HostingMode.SingleTenant);

        Assert.Equal("partitioned", await KindAsync(fixture.Source));
        if (!await HasTimescaleAsync())
        {
            Assert.Equal("partitioned", await KindAsync(own));
            return;
        }

        Assert.Equal("hypertable", await KindAsync(own));
        Assert.Equal("a chunk every 1 day, compressed after 7 days", await fixture.Control.AskAtAsync<string>(
            own,
            """
            SELECT format('a chunk every %s, compressed after %s', d.time_interval, j.config ->> 'compress_after')
            FROM timescaledb_information.dimensions d JOIN timescaledb_information.jobs j USING (hypertable_schema, hypertable_name)
            WHERE d.hypertable_name = 'points' AND j.proc_name = 'policy_compression'
            """));
    }

    [Fact]
    public async Task A_second_tenant_is_refused_or_sees_nothing_of_the_first()
    {
        var (tenant, own) = await AddAsync();
        TenantPlacement second;
        try
        {
            second = await fixture.Control.AddServedTenantAsync(database: own);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            Assert.True(await HasTimescaleAsync());
            return;
        }

        await using var connection = await fixture.Control.OpenAsync(second.Names.TenantRole, own);
        await using var transaction = await connection.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(transaction, tenant.TenantId, default);
        Assert.Equal(0, await transaction.Sql("SELECT count(*) FROM fleet.points").FirstAsync(row => row.GetInt64(0)));
    }

    [Fact]
    public async Task Points_that_come_again_change_nothing_and_new_ones_of_old_days_are_taken()
    {
        var (tenant, own) = await AddAsync();
        var before = await fixture.ContentAsync(own, tenant.TenantId);

        Assert.Equal([tenant.TenantId], await IngestAgainAsync(tenant, own, "0 s"));
        Assert.Equal(before, await fixture.ContentAsync(own, tenant.TenantId));
        Assert.Equal([tenant.TenantId], await IngestAgainAsync(tenant, own, "1 s"));

        Assert.Equal(2L * Points, await fixture.Control.AskAtAsync<long>(own, "SELECT count(*) FROM fleet.points"));
    }

    [Fact]
    public async Task A_tenant_moves_out_with_every_row_and_what_is_written_meanwhile()
    {
        var (tenant, own) = await AddAsync();
        await fixture.Control.Setup.ExpectTenantAsync(fixture.Target, tenant with { Epoch = 2, Home = 2, DatabaseId = fixture.Target.Id }, default);

        await MoveAsync(tenant, own, fixture.Target);

        Assert.Equal(await fixture.ContentAsync(own, tenant.TenantId), await fixture.ContentAsync(fixture.Target, tenant.TenantId));
    }

    [Fact]
    public async Task A_tenant_moves_in_with_every_row_and_what_is_written_meanwhile()
    {
        var tenant = await fixture.Control.AddServedTenantAsync();
        await fixture.FillAsync(fixture.Source, tenant.TenantId, Points);
        var own = await fixture.Control.AddDatabaseAsync(HostingMode.SingleTenant);
        await fixture.Control.Setup.ExpectTenantAsync(own, tenant with { Epoch = 2, Home = 2, DatabaseId = own.Id }, default);

        await MoveAsync(tenant, fixture.Source, own);

        Assert.Equal(await fixture.ContentAsync(fixture.Source, tenant.TenantId), await fixture.ContentAsync(own, tenant.TenantId));
    }

    [Fact]
    public async Task What_is_stored_is_measured()
    {
        var (tenant, own) = await AddAsync();

        var measured = await fixture.Control.AskAtAsync<long[]>(
            own, "SELECT ARRAY[points, bytes] FROM fleet.measure_customers() WHERE customer_id = $1", tenant.TenantId);

        Assert.Equal(Points, measured![0]);
        Assert.InRange(measured[1], 10_000, 10_000_000);
    }

    [Fact]
    public async Task What_a_plan_no_longer_keeps_is_dropped_whole()
    {
        var (tenant, own) = await AddAsync();
        var cutoff = MigrationFixture.FirstDay.AddDays(MigrationFixture.Days + 1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        var dropped = 0;
        while (await fixture.Control.AskAtAsync<string>(
            own, "SELECT coalesce(fleet.expire_partition(ARRAY[$1], ARRAY[$2]), '')", tenant.TenantId, cutoff) is { Length: > 0 })
        {
            dropped++;
        }

        // Five days, or the month in which they are.
        Assert.Equal(await HasTimescaleAsync() ? MigrationFixture.Days : 1, dropped);
        Assert.Equal(0, await fixture.Control.AskAtAsync<long>(own, "SELECT count(*) FROM fleet.points"));
    }

    [Fact]
    public async Task A_track_and_the_points_within_an_area_are_read()
    {
        var (tenant, own) = await AddAsync();
        await new PositionIndexKeeper(fixture.Control.Databases, TimeProvider.System, NullLogger<PositionIndexKeeper>.Instance)
            .RunAsync(own, default);
        var reader = new TrackReader(fixture.Control.NewSessions());
        var area = new WKTReader().Read("POLYGON ((13 52, 14 52, 14 53, 13 53, 13 52))");
        area.SRID = 4326;
        var ever = new PointSpan(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, Area: null);
        var device = await fixture.Control.AskAsync<Guid>("SELECT md5('d1')::uuid");
        var (track, within) = (0, 0);

        await reader.ReadTrackAsync(
            tenant.TenantId, device, ever, after: null, Points, async points => track = await points.CountAsync(), default);
        await reader.ReadPointsAsync(
            tenant.TenantId, ever with { Area = area }, after: null, Points, async points => within = await points.CountAsync(), default);

        Assert.Equal(Points / 5, track);
        Assert.Equal(await fixture.Control.AskAtAsync<long>(
            own, "SELECT count(*) FROM fleet.points WHERE ST_X(position) >= 13 AND ST_Y(position) >= 52"), within);
        Assert.InRange(within, 1, Points - 1);
    }

    // Export, import, and two rounds of catching up while points arrive, the first of them in days that have been exported.
    private async Task MoveAsync(TenantPlacement tenant, TenantDatabaseAddress from, TenantDatabaseAddress to)
    {
        var manifest = await fixture.Export.RunAsync(from, tenant.TenantId, $"own-{tenant.TenantId}", DayRange.All, progress: null, default);
        await fixture.Import.RunAsync(to, manifest, progress: null, default);
        await fixture.CatchUp.BeginAsync(to, tenant.TenantId, manifest.Mark, default);
        await CompressAsync(to);
        await fixture.AddPointsAsync(from, tenant.TenantId, Points, 50);
        var round = await fixture.CatchUp.RunAsync(from, to, tenant.TenantId, Comparison.OfChanges, default);
        await fixture.AddPointsAsync(from, tenant.TenantId, Points + 50, 25);
        var last = await fixture.CatchUp.RunAsync(from, to, tenant.TenantId, Comparison.OfAll, default);

        Assert.Equal((50, 25), (round.Rows, last.Rows));
        Assert.Empty((await TenantDigest.ReadAsync(fixture.Connections, from, tenant.TenantId, null, default))
            .CompareTo(await TenantDigest.ReadAsync(fixture.Connections, to, tenant.TenantId, null, default)));
    }

    private async Task<(TenantPlacement Tenant, TenantDatabaseAddress Database)> AddAsync()
    {
        var own = await fixture.Control.AddDatabaseAsync(HostingMode.SingleTenant);
        var tenant = await fixture.Control.AddRoutedTenantAsync(own);
        await fixture.FillAsync(own, tenant.TenantId, Points);
        await CompressAsync(own);
        return (tenant, own);
    }

    // What the policy does in the background, now.
    private async Task CompressAsync(TenantDatabaseAddress database)
    {
        if (await KindAsync(database) != "hypertable")
        {
            return;
        }

        await using var connection = await fixture.Connections.OpenAsync(database, default);
        foreach (var chunk in await connection.Sql("SELECT name::text FROM fleet.point_partitions()").ListAsync(row => row.GetString(0)))
        {
            await connection.Sql($"CALL convert_to_columnstore('{chunk}')").RunAsync();
        }

        Assert.Equal(MigrationFixture.Days, await fixture.Control.AskAtAsync<long>(
            database, "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'points' AND is_compressed"));
    }

    private async Task<Guid[]> IngestAgainAsync(TenantPlacement tenant, TenantDatabaseAddress database, string shift) =>
        (await fixture.Control.AskAtAsync<Guid[]>(
            database,
            """
            SELECT fleet.ingest_points(
                ARRAY[$1], ARRAY[$2], array_agg(customer_id), array_agg(device_id), array_agg(fix_time + $3::interval),
                array_agg(ST_X(position)), array_agg(ST_Y(position)), array_agg(altitude), array_agg(speed), array_agg(course),
                array_agg(accuracy), array_agg(battery), array_agg(received_at), array_agg(extras::text))
            FROM fleet.points
            """,
            tenant.TenantId, tenant.Epoch, shift))!;

    private Task<bool> HasTimescaleAsync() => fixture.Control.AskAsync<bool>(
        """
        SELECT current_setting('timescaledb.disable_load', true) IS NOT NULL
           AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        """);

    private Task<string?> KindAsync(TenantDatabaseAddress database) => fixture.Control.AskAtAsync<string>(
        database, "SELECT CASE relkind WHEN 'p' THEN 'partitioned' ELSE 'hypertable' END FROM pg_class WHERE oid = 'fleet.points'::regclass");
}
