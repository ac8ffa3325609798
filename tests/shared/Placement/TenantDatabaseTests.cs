using Npgsql;
using NpgsqlTypes;
using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Testing;

namespace WebHost.Tests.Placement;

/// <summary>What a tenant database itself enforces, whatever the application does.</summary>
public sealed class TenantDatabaseTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static readonly string[] TenantTables =
        ["vehicles", "devices", "device_vehicles", "points", "positions", "heartbeats", "quarantine", "geofences"];

    private static readonly DateTime Now = new(2026, 5, 4, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task Tenants_role_sees_only_its_own_rows_in_every_table()
    {
        var (mine, theirs) = (await fixture.AddServedTenantAsync(), await fixture.AddServedTenantAsync());
        await FillAsync(mine);
        await FillAsync(theirs);
        await using var connection = await fixture.OpenAsync(mine.Names.TenantRole);

        foreach (var table in TenantTables)
        {
            Assert.Equal([mine.TenantId], await SeenAsync(connection, table, mine.TenantId));
            Assert.Empty(await SeenAsync(connection, table, theirs.TenantId));
            Assert.Empty(await SeenAsync(connection, table, null));
        }
    }

    [Fact]
    public async Task Every_table_with_a_customers_rows_has_row_level_security()
    {
        var unguarded = await fixture.AskAsync<long>(
            """
            SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE a.attname = 'customer_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT c.relrowsecurity
              AND c.relnamespace = 'fleet'::regnamespace
            """);

        Assert.Equal(0, unguarded);
    }

    [Fact]
    public async Task An_empty_database_gets_what_its_tables_need()
    {
        var database = await fixture.AddDatabaseAsync(template: "template0");

        Assert.Contains("PostGIS", await fixture.Setup.InspectAsync(database, default), StringComparison.Ordinal);
        Assert.True(await fixture.AskAtAsync<bool>(database, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')"));
    }

    [Theory]
    [InlineData("INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ($1, 'stolen', 'Stolen')", "42501")]
    [InlineData("SELECT count(*) FROM fleet.customers WHERE customer_id = $1", "42501")]
    [InlineData("SELECT count(*) FROM fleet.points_200001 WHERE customer_id = $1", "42501")]
    [InlineData("UPDATE fleet.points SET speed = 1 WHERE customer_id = $1", "42501")]
    [InlineData("SELECT fleet.ensure_partition('2026-05-05') WHERE $1::uuid IS NOT NULL", "42501")]
    [InlineData("SELECT fleet.ingest_heartbeats(ARRAY[$1::uuid], ARRAY[1::bigint], '{}', '{}', '{}', '{}')", "42501")]
    public async Task Tenants_role_may_not(string sql, string sqlState)
    {
        var (mine, theirs) = (await fixture.AddServedTenantAsync(), await fixture.AddServedTenantAsync());
        await FillAsync(theirs);
        await using var connection = await fixture.OpenAsync(mine.Names.TenantRole);
        await using var transaction = await connection.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(transaction, mine.TenantId, default);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => transaction.Sql(sql, theirs.TenantId).RunAsync());

        Assert.Equal(sqlState, refused.SqlState);
    }

    [Theory]
    [InlineData("SELECT count(*) FROM fleet.points")]
    [InlineData("SELECT count(*) FROM fleet.vehicles")]
    [InlineData("INSERT INTO fleet.heartbeats (customer_id, device_id, heard_at) VALUES (gen_random_uuid(), gen_random_uuid(), now())")]
    public async Task Ingesting_role_may_only_ingest(string sql)
    {
        await using var connection = await fixture.OpenAsync(fixture.Database.Roles.Ingest);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.Sql(sql).RunAsync());

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Theory]
    [InlineData(6, PostgresFaults.Moved)]
    [InlineData(8, PostgresFaults.Moved)]
    [InlineData(7, null)]
    public async Task Write_holds_only_at_the_epoch_served(long epoch, string? sqlState)
    {
        var placement = await fixture.AddServedTenantAsync(epoch: 7);

        Assert.Equal(sqlState, await BeginWriteAsync(placement, epoch));
    }

    [Fact]
    public async Task Write_of_a_fenced_customer_is_refused()
    {
        var placement = await fixture.AddServedTenantAsync();
        await fixture.AskAsync<Guid>(
            "UPDATE fleet.customers SET writable = false WHERE customer_id = $1 RETURNING customer_id", placement.TenantId);

        Assert.Equal(PostgresFaults.Fenced, await BeginWriteAsync(placement, placement.Epoch));
    }

    [Fact]
    public async Task Fence_waits_for_the_write_that_has_begun()
    {
        var placement = await fixture.AddServedTenantAsync();
        await using var connection = await fixture.OpenAsync(placement.Names.TenantRole);
        await using var writing = await connection.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(writing, placement.TenantId, default);
        await writing.Sql("SELECT fleet.begin_write($1)", placement.Epoch).RunAsync();

        var refused = await Assert.ThrowsAsync<PostgresException>(() => fixture.AskAsync<Guid>(
            """
            WITH patience AS (SELECT set_config('lock_timeout', '100ms', false))
            UPDATE fleet.customers SET writable = false FROM patience WHERE customer_id = $1 RETURNING customer_id
            """,
            placement.TenantId));

        Assert.Equal(PostgresErrorCodes.LockNotAvailable, refused.SqlState);
    }

    [Fact]
    public async Task Ingest_takes_the_customers_served_at_their_epoch_and_leaves_the_others()
    {
        var (served, moved) = (await fixture.AddServedTenantAsync(epoch: 2), await fixture.AddServedTenantAsync(epoch: 2));

        var admitted = await IngestAsync([served, moved with { Epoch = 1 }], [(served.TenantId, Now), (moved.TenantId, Now)]);

        Assert.Equal([served.TenantId], admitted);
        Assert.Equal(1, await CountAsync(served));
        Assert.Equal(0, await CountAsync(moved));
    }

    [Fact]
    public async Task Ingest_of_the_same_points_again_changes_nothing()
    {
        var placement = await fixture.AddServedTenantAsync();
        var points = Enumerable.Range(0, 50).Select(i => (placement.TenantId, Now.AddSeconds(i))).ToArray();

        await IngestAsync([placement], points);
        await IngestAsync([placement], [.. points.Reverse(), points[0]]);

        Assert.Equal(50, await CountAsync(placement));
    }

    [Fact]
    public async Task Ingest_in_any_order_and_any_mixture_of_old_and_new_takes_each_point_once()
    {
        var placement = await fixture.AddServedTenantAsync();
        var random = new Random(20260504);
        var sent = new HashSet<int>();

        for (var batch = 0; batch < 40; batch++)
        {
            var seconds = Enumerable.Range(0, 20).Select(_ => (batch * 5) + random.Next(-60, 60)).ToArray();
            sent.UnionWith(seconds);
            await IngestAsync([placement], [.. seconds.Select(second => (placement.TenantId, Now.AddSeconds(second)))]);
        }

        Assert.Equal(sent.Count, await CountAsync(placement));
        Assert.Equal(Now.AddSeconds(sent.Max()), await PositionAsync(placement));
    }

    [Fact]
    public async Task Ingest_where_points_came_in_another_way_and_the_position_does_not_know_them_takes_each_once()
    {
        var placement = await fixture.AddServedTenantAsync();
        var points = Enumerable.Range(0, 20).Select(i => (placement.TenantId, Now.AddSeconds(i))).ToArray();
        await IngestAsync([placement], points);
        await fixture.AskAsync<Guid>(
            "UPDATE fleet.positions SET fix_time = $2 WHERE customer_id = $1 RETURNING customer_id", placement.TenantId, Now.AddSeconds(5));

        await IngestAsync([placement], [.. points[8..], (placement.TenantId, Now.AddSeconds(30))]);

        Assert.Equal(21, await CountAsync(placement));
        Assert.Equal(Now.AddSeconds(30), await PositionAsync(placement));
    }

    [Fact]
    public async Task Ingest_of_points_that_another_writer_is_about_to_commit_waits_for_it_and_takes_each_once()
    {
        var placement = await fixture.AddServedTenantAsync();
        await IngestAsync([placement], [(placement.TenantId, Now)]);
        var points = Enumerable.Range(1, 20).Select(i => (placement.TenantId, Now.AddSeconds(i))).ToArray();
        await using var connection = await fixture.OpenAsync(fixture.Database.Roles.Ingest);
        await using var first = await connection.BeginTransactionAsync();
        await IngestAsync(connection, [placement], points);

        var second = IngestAsync([placement], [.. points, (placement.TenantId, Now.AddSeconds(30))]);
        await Eventually.IsTrueAsync(() => fixture.AskAsync<bool>(
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%ingest_points%')
            """));
        await first.CommitAsync();

        Assert.Equal([placement.TenantId], await second);
        Assert.Equal(22, await CountAsync(placement));
    }

    [Fact]
    public async Task Position_is_the_newest_by_fix_time_whatever_arrives_last()
    {
        var placement = await fixture.AddServedTenantAsync();

        await IngestAsync([placement], [(placement.TenantId, Now)]);
        await IngestAsync([placement], [(placement.TenantId, Now.AddHours(-5)), (placement.TenantId, Now.AddYears(-9))]);

        Assert.Equal(Now, await PositionAsync(placement));
        Assert.Equal(3, await CountAsync(placement));
    }

    [Fact]
    public async Task Points_of_any_age_land_in_partitions_of_their_day_or_month()
    {
        var placement = await fixture.AddServedTenantAsync();
        var today = DateTime.UtcNow.Date;
        DateTime[] times =
            [new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc), new(2017, 2, 28, 23, 59, 59, DateTimeKind.Utc), today.AddDays(-40), today];

        await IngestAsync([placement], [.. times.Select(time => (placement.TenantId, time))]);

        var expected = $"points_200001, points_201702, points_{today.AddDays(-40):yyyyMMdd}, points_{today:yyyyMMdd}";
        Assert.Equal(expected, await fixture.AskAsync<string>(
            "SELECT string_agg(tableoid::regclass::text, ', ' ORDER BY fix_time) FROM fleet.points WHERE customer_id = $1",
            placement.TenantId) is { } found ? found.Replace("fleet.", "", StringComparison.Ordinal) : null);
    }

    [Fact]
    public async Task Two_writers_that_need_the_same_new_partition_at_once_both_succeed()
    {
        var placement = await fixture.AddServedTenantAsync();
        var day = new DateTime(2014, 6, 1, 0, 0, 0, DateTimeKind.Utc);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(
            writer => Task.Run(() => IngestAsync([placement], [(placement.TenantId, day.AddSeconds(writer))]))));

        Assert.Equal(8, await CountAsync(placement));
    }

    [Fact]
    public async Task RemoveTenant_leaves_neither_row_nor_role_and_may_be_repeated()
    {
        var (leaving, staying) = (await fixture.AddServedTenantAsync(), await fixture.AddServedTenantAsync());
        await FillAsync(leaving);
        await FillAsync(staying);

        await fixture.Setup.RemoveTenantAsync(fixture.Database, leaving, default);
        await fixture.Setup.RemoveTenantAsync(fixture.Database, leaving, default);

        Assert.All(
            await Task.WhenAll(TenantTables.Append("customers").Select(table => fixture.AskAsync<long>(
                $"SELECT count(*) FROM fleet.{table} WHERE customer_id = $1", leaving.TenantId))),
            rows => Assert.Equal(0, rows));
        Assert.False(await fixture.AskAsync<bool>(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", leaving.Names.TenantRole));
        Assert.Equal(1, await CountAsync(staying));
    }

    [Fact]
    public async Task AddTenant_and_Prepare_may_be_repeated()
    {
        var placement = await fixture.AddServedTenantAsync();

        await fixture.Setup.PrepareAsync(fixture.Database, HostingMode.MultiTenant, default);
        await fixture.Setup.AddTenantAsync(fixture.Database, placement, default);

        await fixture.Setup.VerifyAsync(fixture.Database, placement, default);
    }

    [Fact]
    public async Task Role_logs_in_with_its_password_of_which_the_server_was_told_only_the_verifier()
    {
        var placement = await fixture.AddServedTenantAsync();

        await using var connection = await fixture.OpenAsync(placement.Names.TenantRole);

        Assert.StartsWith("SCRAM-SHA-256$4096:", await fixture.AskAsync<string>(
            "SELECT rolpassword FROM pg_authid WHERE rolname = $1", placement.Names.TenantRole), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statement_that_fails_to_create_a_role_does_not_name_its_password()
    {
        var database = await fixture.AddDatabaseAsync();
        var placement = await fixture.AddTenantAsync() with { DatabaseId = database.Id };
        await fixture.RunAtAsync(database, $"ALTER DATABASE \"{database.Name}\" SET default_transaction_read_only = on");

        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => fixture.Setup.AddTenantAsync(database, placement, default));

        var login = await fixture.Databases.RoleLoginAsync(database, placement.Names.TenantRole, default);
        Assert.Contains($"CREATE ROLE \"{placement.Names.TenantRole}\"", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(login.Settings.Password!, refused.ToString(), StringComparison.Ordinal);
    }

    private async Task FillAsync(TenantPlacement placement)
    {
        await IngestAsync([placement], [(placement.TenantId, new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc))]);
        await fixture.AskAsync<Guid>(
            """
            WITH v AS (INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ($1, 'v', 'Van')),
                 d AS (INSERT INTO fleet.devices (customer_id, device_id, name) VALUES ($1, $1, 'Phone')),
                 r AS (INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id) VALUES ($1, $1, now(), 'v')),
                 h AS (INSERT INTO fleet.heartbeats (customer_id, device_id, heard_at) VALUES ($1, $1, now())),
                 g AS (INSERT INTO fleet.geofences (customer_id, geofence_id, name, area)
                       VALUES ($1, 'g', 'Yard', 'SRID=4326;POLYGON((0 0,1 0,1 1,0 0))'))
            INSERT INTO fleet.quarantine VALUES ($1, $1, now(), '\x00', 'future', 'osmand', 'raw') RETURNING customer_id
            """,
            placement.TenantId);
    }

    private async Task<Guid[]> IngestAsync(TenantPlacement[] served, (Guid Tenant, DateTime Time)[] points)
    {
        await using var connection = await fixture.OpenAsync(fixture.Database.Roles.Ingest);
        return await IngestAsync(connection, served, points);
    }

    private static async Task<Guid[]> IngestAsync(
        NpgsqlConnection connection, TenantPlacement[] served, (Guid Tenant, DateTime Time)[] points)
    {
        await using var command = connection.Sql(
            """
            SELECT fleet.ingest_points($1, $2, $3, $3, $4, $5, $5, array_fill(NULL::real, ARRAY[$6]), array_fill(NULL::real, ARRAY[$6]),
                array_fill(NULL::real, ARRAY[$6]), array_fill(NULL::real, ARRAY[$6]), array_fill(NULL::real, ARRAY[$6]),
                $4, array_fill(NULL::text, ARRAY[$6]))
            """,
            served.Select(placement => placement.TenantId).ToArray(),
            served.Select(placement => placement.Epoch).ToArray(),
            points.Select(point => point.Tenant).ToArray());
        command.Parameters.Add(new() { Value = points.Select(point => point.Time).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = points.Select(_ => 14.5).ToArray() });
        command.Parameters.Add(new() { Value = points.Length });
        return (await command.FirstAsync(row => row.GetFieldValue<Guid[]>(0)))!;
    }

    private Task<long> CountAsync(TenantPlacement placement) =>
        fixture.AskAsync<long>("SELECT count(*) FROM fleet.points WHERE customer_id = $1", placement.TenantId);

    private Task<DateTime> PositionAsync(TenantPlacement placement) =>
        fixture.AskAsync<DateTime>("SELECT fix_time FROM fleet.positions WHERE customer_id = $1", placement.TenantId);

    private static async Task<List<Guid>> SeenAsync(NpgsqlConnection connection, string table, Guid? actingAs)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        if (actingAs is { } tenantId)
        {
            await TenantDatabaseSetup.ActAsAsync(transaction, tenantId, default);
        }

        return await transaction.Sql($"SELECT DISTINCT customer_id FROM fleet.{table}").ListAsync(row => row.GetGuid(0));
    }

    private async Task<string?> BeginWriteAsync(TenantPlacement placement, long epoch)
    {
        await using var connection = await fixture.OpenAsync(placement.Names.TenantRole);
        await using var transaction = await connection.BeginTransactionAsync();
        await TenantDatabaseSetup.ActAsAsync(transaction, placement.TenantId, default);
        try
        {
            await transaction.Sql("SELECT fleet.begin_write($1)", epoch).RunAsync();
            return null;
        }
        catch (PostgresException refused)
        {
            return refused.SqlState;
        }
    }
}
