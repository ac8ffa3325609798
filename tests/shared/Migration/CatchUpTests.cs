using WebHost.Data;
using WebHost.Migration;
using WebHost.Placement;

namespace WebHost.Tests.Migration;

public sealed class CatchUpTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    private static readonly Guid Holder = Guid.NewGuid();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Round_copies_what_was_written_since_and_the_next_one_nothing()
    {
        var tenant = await AddCopiedTenantAsync();
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 40);

        var round = await RunAsync(tenant);
        var next = await RunAsync(tenant);

        Assert.Equal(40, round.Rows);
        Assert.True(round.Bytes > 0);
        Assert.Equal((0, 0), (next.Rows, next.Bytes));
        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Round_copies_what_was_open_at_its_beginning_though_it_was_begun_before()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        await using var connection = await fixture.Connections.OpenAsync(fixture.Source, default);
        await using var open = await connection.BeginTransactionAsync();
        await WritePointAsync(open, tenant, 0);
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);
        await fixture.Import.RunAsync(fixture.Target, manifest, null, default);
        await fixture.CatchUp.BeginAsync(fixture.Target, tenant.TenantId, manifest.Mark, default);

        // Younger, yet finished first.
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 3);
        var before = await RunAsync(tenant);
        await WritePointAsync(open, tenant, 1);
        await open.CommitAsync();
        var after = await RunAsync(tenant);

        Assert.Equal((3, 2), (before.Rows, after.Rows));
        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Round_brings_changes_and_deletions_of_every_small_table()
    {
        var tenant = await AddCopiedTenantAsync();
        foreach (var sql in (string[])
        [
            "UPDATE fleet.vehicles SET name = 'Renamed', version = version + 1 WHERE customer_id = $1 AND vehicle_id = 'v1'",
            "DELETE FROM fleet.vehicles WHERE customer_id = $1 AND vehicle_id = 'v2'",
            "INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ($1, 'v9', 'New')",
            "UPDATE fleet.geofences SET area = ST_Translate(area, 1e-9, 0) WHERE customer_id = $1 AND geofence_id = 'a'",
            "DELETE FROM fleet.geofences WHERE customer_id = $1 AND geofence_id = 'b'",
            "DELETE FROM fleet.devices WHERE customer_id = $1 AND device_id = md5('d1')::uuid",
            "UPDATE fleet.device_vehicles SET vehicle_id = NULL WHERE customer_id = $1 AND vehicle_id = 'v2'",
            "UPDATE fleet.positions SET extras = '{\"ignition\": true}' WHERE customer_id = $1",
            "UPDATE fleet.heartbeats SET battery = battery + 1 WHERE customer_id = $1",
        ])
        {
            await fixture.RunAsync(fixture.Source, sql, tenant.TenantId);
        }

        await RunAsync(tenant);

        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Round_again_from_an_older_moment_changes_nothing()
    {
        var tenant = await AddCopiedTenantAsync();
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 40);

        var mark = await fixture.Control.AskAtAsync<string>(
            fixture.Target, "SELECT mark FROM fleet.customers WHERE customer_id = $1", tenant.TenantId);

        await RunAsync(tenant);
        await fixture.RunAsync(
            fixture.Target, "UPDATE fleet.customers SET mark = $2 WHERE customer_id = $1", tenant.TenantId, mark);
        var again = await RunAsync(tenant);

        Assert.Equal(40, again.Rows);
        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Round_whose_row_is_already_there_with_another_content_names_it_and_changes_nothing()
    {
        var tenant = await AddCopiedTenantAsync();
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 1);
        await fixture.AddPointsAsync(fixture.Target, tenant.TenantId, 500, 1);
        await fixture.RunAsync(fixture.Target, "UPDATE fleet.points SET speed = speed + 1 WHERE customer_id = $1 AND speed = (SELECT 500 / 11.0)::real", tenant.TenantId);
        await fixture.RunAsync(fixture.Source, "DELETE FROM fleet.vehicles WHERE customer_id = $1 AND vehicle_id = 'v5'", tenant.TenantId);

        var mismatch = await Assert.ThrowsAsync<MigrationMismatchException>(() => RunAsync(tenant));

        Assert.Equal(("points", MigrationFixture.FirstDay), (mismatch.Table, mismatch.Day));
        Assert.Equal(5, await fixture.Control.AskAtAsync<long>(
            fixture.Target, "SELECT count(*) FROM fleet.vehicles WHERE customer_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task Comparison_of_everything_finds_one_changed_byte_of_long_ago()
    {
        var tenant = await AddCopiedTenantAsync();
        await fixture.RunAsync(
            fixture.Target,
            """
            UPDATE fleet.points SET battery = 1 WHERE customer_id = $1 AND (device_id, fix_time) = (
                SELECT device_id, fix_time FROM fleet.points WHERE customer_id = $1 ORDER BY fix_time LIMIT 1)
            """,
            tenant.TenantId);

        await RunAsync(tenant, Comparison.OfChanges);
        var mismatch = await Assert.ThrowsAsync<MigrationMismatchException>(() => RunAsync(tenant, Comparison.OfAll));

        Assert.Equal(("points", MigrationFixture.FirstDay), (mismatch.Table, mismatch.Day));
        await RunAsync(tenant, Comparison.OfAllSince(MigrationFixture.FirstDay.AddDays(1)));
    }

    [Fact]
    public async Task Nothing_is_brought_to_where_the_tenant_is_served()
    {
        var tenant = await AddCopiedTenantAsync();
        var manifest = await fixture.Export.FindManifestAsync(Name(tenant), default);
        await fixture.RunAsync(fixture.Target, "DELETE FROM fleet.arrived_chunks WHERE customer_id = $1", tenant.TenantId);
        await fixture.Fence.TakeOverAsync(fixture.Target, tenant.TenantId, 2, default);
        await fixture.RunAsync(fixture.Target, "DELETE FROM fleet.vehicles WHERE customer_id = $1", tenant.TenantId);

        await Assert.ThrowsAsync<FenceRefusedException>(() => RunAsync(tenant));
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Import.RunAsync(fixture.Target, manifest!, null, default));

        Assert.Equal(0, await fixture.Control.AskAtAsync<long>(
            fixture.Target, "SELECT count(*) FROM fleet.vehicles WHERE customer_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task Round_from_what_is_no_moment_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(
            () => fixture.CatchUp.BeginAsync(fixture.Target, Guid.Empty, "1:1:' OR true", default));

    [Fact]
    public async Task Tenant_that_is_written_all_the_time_moves_there_and_back_and_no_row_is_lost_or_changed()
    {
        var tenant = await AddCopiedTenantAsync();
        var neighbour = await fixture.AddMovingTenantAsync();
        var before = await fixture.ContentAsync(fixture.Source, neighbour.TenantId);
        var writers = Enumerable.Range(0, 3).Select(n => HammerAsync(fixture.Source, tenant, epoch: 1, n)).ToArray();
        for (var i = 0; i < 4; i++)
        {
            await RunAsync(tenant);
        }

        // Writers go on until the fence stops them.
        await fixture.Fence.CloseAsync(fixture.Source, tenant.TenantId, 1, Holder, Patience, default);
        await RunAsync(tenant, Comparison.OfAll);
        var written = (await Task.WhenAll(writers)).Sum();

        Assert.True(written > 0);
        Assert.Equal(500 + written, await CountAsync(fixture.Target, tenant));
        await AssertEqualAsync(tenant);

        await fixture.Fence.HandOverAsync(fixture.Source, tenant.TenantId, 1, Holder, default);
        await fixture.CatchUp.BeginBackAsync(fixture.Target, fixture.Source, tenant.TenantId, default);
        await fixture.Fence.TakeOverAsync(fixture.Target, tenant.TenantId, 2, default);
        writers = [.. Enumerable.Range(10, 3).Select(n => HammerAsync(fixture.Target, tenant with { Epoch = 2 }, epoch: 2, n))];
        for (var i = 0; i < 2; i++)
        {
            await fixture.CatchUp.RunAsync(fixture.Target, fixture.Source, tenant.TenantId, Comparison.OfChanges, default);
        }

        await fixture.Fence.CloseAsync(fixture.Target, tenant.TenantId, 2, Holder, Patience, default);
        await fixture.CatchUp.RunAsync(fixture.Target, fixture.Source, tenant.TenantId, Comparison.OfAll, default);
        written += (await Task.WhenAll(writers)).Sum();

        Assert.Equal(500 + written, await CountAsync(fixture.Source, tenant));
        await AssertEqualAsync(tenant);
        Assert.Equal(before, await fixture.ContentAsync(fixture.Source, neighbour.TenantId));
    }

    private static string Name(TenantPlacement tenant) => $"{tenant.TenantId:n}/move";

    // Writes until it is not admitted, with the check of the epoch that every write begins with. Answers the points written.
    private async Task<int> HammerAsync(
        TenantDatabaseAddress database, TenantPlacement tenant, long epoch, int writer)
    {
        await using var connection = await fixture.Connections.OpenAsync(database, default);
        var written = 0;
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            var admitted = (await transaction.Sql("SELECT fleet.admit(ARRAY[$1], ARRAY[$2])", tenant.TenantId, epoch)
                .FirstAsync(row => row.GetFieldValue<Guid[]>(0)))!;
            if (admitted.Length == 0)
            {
                return written;
            }

            await WritePointAsync(transaction, tenant, (writer * 1_000_000) + written);
            await transaction.Sql(
                "UPDATE fleet.vehicles SET version = version + 1 WHERE customer_id = $1 AND vehicle_id = $2",
                tenant.TenantId, $"v{(writer % 5) + 1}").RunAsync();
            await transaction.CommitAsync();
            written++;
        }
    }

    private static Task WritePointAsync(Npgsql.NpgsqlTransaction transaction, TenantPlacement tenant, int number) =>
        transaction.Sql(
            """
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, received_at)
            VALUES ($1, md5('live')::uuid, $2::date + $3 * interval '1 us', 'SRID=4326;POINT(13 52)', now())
            """,
            tenant.TenantId, MigrationFixture.FirstDay, number).RunAsync();

    private async Task<TenantPlacement> AddCopiedTenantAsync()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);
        await fixture.Import.RunAsync(fixture.Target, manifest, null, default);
        await fixture.CatchUp.BeginAsync(fixture.Target, tenant.TenantId, manifest.Mark, default);
        return tenant;
    }

    private Task<CatchUpRound> RunAsync(TenantPlacement tenant, Comparison? compare = null) =>
        fixture.CatchUp.RunAsync(
            fixture.Source, fixture.Target, tenant.TenantId, compare ?? Comparison.OfChanges, default);

    private Task<long> CountAsync(TenantDatabaseAddress database, TenantPlacement tenant) =>
        fixture.Control.AskAtAsync<long>(
            database, "SELECT count(*) FROM fleet.points WHERE customer_id = $1", tenant.TenantId);

    private async Task AssertEqualAsync(TenantPlacement tenant) => Assert.Equal(
        await fixture.ContentAsync(fixture.Source, tenant.TenantId),
        await fixture.ContentAsync(fixture.Target, tenant.TenantId));
}
