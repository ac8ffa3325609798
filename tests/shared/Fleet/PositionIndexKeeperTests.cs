using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Fleet;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Fleet;

public sealed class PositionIndexKeeperTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static readonly DateTimeOffset Today = new(DateTime.UtcNow.Date, TimeSpan.Zero);

    [Theory]
    [InlineData(HostingMode.MultiTenant)]
    [InlineData(HostingMode.SingleTenant)]
    public async Task Days_that_are_over_get_an_index_on_the_position_and_others_do_not(HostingMode mode)
    {
        var database = await fixture.AddDatabaseAsync(mode);
        await AddPointsAsync(database);

        await RunAsync(database, Today.AddHours(1));
        var early = await IndexedAsync(database);
        await RunAsync(database, Today.AddHours(3));
        await RunAsync(database, Today.AddHours(3));

        Assert.Equal([Today.AddDays(-2)], early);
        Assert.Equal([Today.AddDays(-2), Today.AddDays(-1)], await IndexedAsync(database));
    }

    [Fact]
    public async Task An_index_whose_making_was_cut_off_is_made_again()
    {
        var database = await fixture.AddDatabaseAsync();
        await AddPointsAsync(database);
        await RunAsync(database, Today.AddHours(3));
        await fixture.RunAtAsync(
            database, "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN (SELECT oid FROM pg_class WHERE relname LIKE '%_position')");
        Assert.Empty(await IndexedAsync(database));

        await RunAsync(database, Today.AddHours(3));

        Assert.Equal([Today.AddDays(-2), Today.AddDays(-1)], await IndexedAsync(database));
    }

    [Fact]
    public async Task Run_goes_through_all_databases_past_one_that_does_not_answer()
    {
        var broken = await fixture.Databases.AddAsync(
            "127.0.0.1", 1, "nowhere", "nobody", "Prefer", certificateSha256: null, default);
        var database = await fixture.AddDatabaseAsync();
        await AddPointsAsync(database);

        await Keeper(Today.AddHours(3)).RunAsync(default);
        await fixture.Databases.RemoveAsync(broken, default);

        Assert.Equal(2, (await IndexedAsync(database)).Length);
    }

    private PositionIndexKeeper Keeper(DateTimeOffset now) =>
        new(fixture.Databases, new FixedClock(now), NullLogger<PositionIndexKeeper>.Instance);

    private Task RunAsync(TenantDatabaseAddress database, DateTimeOffset now) => Keeper(now).RunAsync(database, default);

    private async Task AddPointsAsync(TenantDatabaseAddress database)
    {
        await fixture.RunAtAsync(
            database,
            """
            SELECT fleet.drop_points(name) FROM fleet.point_partitions();
            SELECT fleet.ensure_partition(current_date - n) FROM generate_series(0, 2) n;
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, received_at)
            SELECT gen_random_uuid(), gen_random_uuid(), current_date - n, ST_SetSRID(ST_MakePoint(8, 50), 4326), now()
            FROM generate_series(0, 2) n
            """);
    }

    private async Task<DateTimeOffset[]> IndexedAsync(TenantDatabaseAddress database) =>
        (await fixture.AskAtAsync<DateTime[]>(
            database,
            """
            SELECT coalesce(array_agg(p.first ORDER BY p.first), '{}') FROM fleet.point_partitions() p
            JOIN pg_index i ON i.indrelid = p.name JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
            WHERE a.amname = 'gist' AND i.indisvalid
            """))!.Select(time => new DateTimeOffset(time)).ToArray();
}
