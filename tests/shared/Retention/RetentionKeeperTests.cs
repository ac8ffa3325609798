using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Retention;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Retention;

public sealed class RetentionKeeperTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    // The fixture's tenants are on the hobby plan.
    private static readonly DateTimeOffset Cutoff = RetentionKeeper.Cutoff(PlanCatalog.Standard.Get(PlanId.Hobby).Limits, Now);

    private RetentionKeeper Keeper =>
        new(new PlacementStore(fixture.Control), fixture.Databases, new FixedClock(Now), NullLogger<RetentionKeeper>.Instance);

    private RetentionHold Hold => new(fixture.Databases);

    [Fact]
    public void Cutoff_is_the_beginning_of_a_UTC_day()
    {
        var limits = PlanCatalog.Standard.Get(PlanId.Hobby).Limits with { RetentionDays = 30 };

        Assert.Equal(
            new DateTimeOffset(2026, 4, 4, 0, 0, 0, TimeSpan.Zero),
            RetentionKeeper.Cutoff(limits, new DateTimeOffset(2026, 5, 5, 0, 30, 0, TimeSpan.FromHours(1))));
    }

    [Fact]
    public async Task On_a_shared_database_what_is_older_goes_in_steps_and_the_rest_stays()
    {
        var database = await fixture.AddDatabaseAsync();
        var (tenant, held) = (await fixture.AddRoutedTenantAsync(database), await fixture.AddRoutedTenantAsync(database));
        // Somebody else's rows in the same partitions have them deleted from instead of dropped.
        await FillAsync(database, held.TenantId, Cutoff.AddDays(-2), 10);
        await Hold.PlaceAsync(database, held.TenantId, default);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-2), RetentionKeeper.StepRows + 10);
        await FillAsync(database, tenant.TenantId, Cutoff.AddMilliseconds(-20), 20);
        await FillAsync(database, tenant.TenantId, Cutoff, 7);
        await FillAsync(database, tenant.TenantId, Now, 3);
        await QuarantineAsync(database, tenant.TenantId, Cutoff.AddSeconds(-1));
        await QuarantineAsync(database, tenant.TenantId, Cutoff);

        await Keeper.RunAsync(default);

        Assert.Equal((10, Cutoff), await PointsAsync(database, tenant.TenantId));
        Assert.Equal(10, (await PointsAsync(database, held.TenantId)).Count);
        Assert.Equal(1, await fixture.AskAtAsync<long>(
            database, "SELECT count(*) FROM fleet.quarantine WHERE customer_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task A_step_deletes_no_more_than_it_may_and_the_oldest_first()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await FillAsync(fixture.Database, tenant.TenantId, Cutoff.AddDays(-2), 5);
        await FillAsync(fixture.Database, tenant.TenantId, Cutoff.AddDays(-1), 5);

        var deleted = await fixture.AskAsync<int>("SELECT fleet.expire_points($1, $2, 7)", tenant.TenantId, Cutoff);

        Assert.Equal(7, deleted);
        Assert.Equal(3, (await PointsAsync(fixture.Database, tenant.TenantId)).Count);
        Assert.Equal(0, await CountBetweenAsync(fixture.Database, tenant.TenantId, Cutoff.AddDays(-2), Cutoff.AddDays(-1)));
    }

    [Theory]
    [InlineData(HostingMode.MultiTenant)]
    [InlineData(HostingMode.SingleTenant)]
    public async Task A_partition_in_which_nobody_keeps_a_point_is_dropped(HostingMode mode)
    {
        var database = await fixture.AddDatabaseAsync(mode);
        var tenant = await fixture.AddRoutedTenantAsync(database);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-800), 100);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-2), 100);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-1), 100);
        await FillAsync(database, tenant.TenantId, Cutoff, 100);
        var before = await PartitionsAsync(database);

        var removed = await Keeper.RunAsync(default);

        Assert.Equal((100, Cutoff), await PointsAsync(database, tenant.TenantId));
        var after = await PartitionsAsync(database);
        Assert.Equal(before.Where(partition => partition.Beyond > Cutoff), after);
        Assert.Equal(3, before.Count - after.Count);
        Assert.InRange(removed.Partitions, 3, int.MaxValue);
    }

    [Theory]
    [InlineData("UPDATE fleet.customers SET held_since = now() WHERE customer_id = $1")]
    [InlineData("SELECT fleet.fence($1, 1, $1)")]
    [InlineData("WITH f AS MATERIALIZED (SELECT fleet.fence($1, 1, $1)) SELECT fleet.hand_over($1, 1, $1) FROM f")]
    public async Task A_tenant_that_is_being_moved_keeps_everything(string moving)
    {
        var database = await fixture.AddDatabaseAsync();
        var tenant = await fixture.AddRoutedTenantAsync(database);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-3), 100);
        await fixture.RunAtAsync(database, moving, tenant.TenantId);

        await Keeper.RunAsync(default);

        Assert.Equal(100, (await PointsAsync(database, tenant.TenantId)).Count);
    }

    [Fact]
    public async Task What_a_tenant_left_behind_when_it_moved_away_stays_until_it_is_removed()
    {
        var database = await fixture.AddDatabaseAsync();
        var (left, served) = (await fixture.AddServedTenantAsync(database: database), await fixture.AddRoutedTenantAsync(database));
        await FillAsync(database, left.TenantId, Cutoff.AddDays(-3), 100);
        await FillAsync(database, served.TenantId, Cutoff.AddDays(-3), 100);

        await Keeper.RunAsync(default);

        Assert.Equal(100, (await PointsAsync(database, left.TenantId)).Count);
        Assert.Equal(0, (await PointsAsync(database, served.TenantId)).Count);
    }

    [Fact]
    public async Task Lifting_the_hold_lets_old_points_go()
    {
        var database = await fixture.AddDatabaseAsync();
        var tenant = await fixture.AddRoutedTenantAsync(database);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-3), 100);
        await Hold.PlaceAsync(database, tenant.TenantId, default);
        await Keeper.RunAsync(default);
        var held = await PointsAsync(database, tenant.TenantId);

        await Hold.LiftAsync(database, tenant.TenantId, default);
        await Keeper.RunAsync(default);

        Assert.Equal((100, 0), (held.Count, (await PointsAsync(database, tenant.TenantId)).Count));
    }

    [Fact]
    public async Task Hold_waits_for_a_deletion_that_has_begun()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await FillAsync(fixture.Database, tenant.TenantId, Cutoff.AddDays(-3), 10);
        await using var connection = await fixture.OpenAsync(fixture.Database.AdminUser);
        await using var deleting = await connection.BeginTransactionAsync();
        await deleting.Sql("SELECT fleet.expire_points($1, $2, 5)", tenant.TenantId, Cutoff).RunAsync();

        var holding = Hold.PlaceAsync(fixture.Database, tenant.TenantId, default);

        await Testing.Eventually.IsTrueAsync(() => fixture.AskAsync<bool>(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE fleet.customers SET held_since%')"));
        Assert.False(holding.IsCompleted);
        await deleting.CommitAsync();
        await holding;
        Assert.Null(await fixture.AskAsync<int?>("SELECT fleet.expire_points($1, $2, 5)", tenant.TenantId, Cutoff));
    }

    [Fact]
    public async Task Hold_of_a_tenant_that_the_database_does_not_know_is_refused() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => Hold.PlaceAsync(fixture.Database, Guid.CreateVersion7(), default));

    [Fact]
    public async Task A_reader_is_not_waited_for_and_its_partition_goes_with_the_next_run()
    {
        var database = await fixture.AddDatabaseAsync();
        var tenant = await fixture.AddRoutedTenantAsync(database);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-3), 100);
        await using (var connection = await fixture.OpenAsync(tenant.Names.TenantRole, database))
        {
            await using var reading = await connection.BeginTransactionAsync();
            await reading.Sql("SELECT count(*) FROM fleet.points").RunAsync();

            await Keeper.RunAsync(default);

            Assert.Contains(await PartitionsAsync(database), partition => partition.Beyond == Cutoff.AddDays(-2));
        }

        await Keeper.RunAsync(default);

        Assert.DoesNotContain(await PartitionsAsync(database), partition => partition.Beyond == Cutoff.AddDays(-2));
    }

    [Fact]
    public async Task A_point_that_arrives_while_its_partition_is_to_be_dropped_is_not_lost()
    {
        var database = await fixture.AddDatabaseAsync();
        var (tenant, held) = (await fixture.AddRoutedTenantAsync(database), await fixture.AddRoutedTenantAsync(database));
        await Hold.PlaceAsync(database, held.TenantId, default);
        await FillAsync(database, tenant.TenantId, Cutoff.AddDays(-3), 1);
        await using var connection = await fixture.OpenAsync(database.AdminUser, database);
        await using var writing = await connection.BeginTransactionAsync();
        await writing.Sql(Insert, held.TenantId, Cutoff.AddDays(-3), 1).RunAsync();

        // Longer patience than the keeper has: so the drop is behind the write, not given up.
        var dropping = fixture.AskAtAsync<string>(
            database,
            "SELECT fleet.expire_partition($1, $2)",
            new[] { tenant.TenantId },
            new[] { Cutoff.UtcDateTime });
        await Testing.Eventually.IsTrueAsync(() => fixture.AskAtAsync<bool>(
            database,
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%expire_partition%')"));
        await writing.CommitAsync();
        await Record.ExceptionAsync(() => dropping);

        Assert.Equal(1, (await PointsAsync(database, held.TenantId)).Count);
    }

    private const string Insert =
        """
        INSERT INTO fleet.points (customer_id, device_id, fix_time, position, received_at)
        SELECT $1, md5((n % 3)::text)::uuid, $2::timestamptz + n * interval '1 ms', ST_SetSRID(ST_MakePoint(8, 50), 4326), now()
        FROM generate_series(0, $3 - 1) n
        """;

    private async Task FillAsync(TenantDatabaseAddress database, Guid tenantId, DateTimeOffset from, int points)
    {
        await fixture.RunAtAsync(database, "SELECT fleet.ensure_partition($1)", DateOnly.FromDateTime(from.UtcDateTime));
        await fixture.RunAtAsync(database, Insert, tenantId, from, points);
    }

    private Task QuarantineAsync(TenantDatabaseAddress database, Guid tenantId, DateTimeOffset received) => fixture.RunAtAsync(
        database, "INSERT INTO fleet.quarantine VALUES ($1, $1, $2, '\\x00', 'future', 'osmand', 'raw')", tenantId, received);

    private async Task<(long Count, DateTimeOffset? First)> PointsAsync(TenantDatabaseAddress database, Guid tenantId)
    {
        await using var connection = await fixture.OpenAsync(database.AdminUser, database);
        return await connection.Sql("SELECT count(*), min(fix_time) FROM fleet.points WHERE customer_id = $1", tenantId)
            .FirstAsync(row => (row.GetInt64(0), row.MaybeValue<DateTimeOffset>(1)));
    }

    private Task<long> CountBetweenAsync(TenantDatabaseAddress database, Guid tenantId, DateTimeOffset from, DateTimeOffset to) =>
        fixture.AskAtAsync<long>(
            database, "SELECT count(*) FROM fleet.points WHERE customer_id = $1 AND fix_time >= $2 AND fix_time < $3", tenantId, from, to);

    private async Task<List<(string Name, DateTimeOffset Beyond)>> PartitionsAsync(TenantDatabaseAddress database)
    {
        await using var connection = await fixture.OpenAsync(database.AdminUser, database);
        return await connection.Sql("SELECT name::text, beyond FROM fleet.point_partitions() ORDER BY first")
            .ListAsync(row => (row.GetString(0), row.GetFieldValue<DateTimeOffset>(1)));
    }
}
