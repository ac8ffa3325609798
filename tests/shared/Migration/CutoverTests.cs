using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Tests.Migration;

/// <summary>The moment at which a tenant changes homes, disturbed at each of its places.</summary>
public sealed class CutoverTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Places => [Cutover.Fenced, Cutover.Drained, Cutover.HandedOver, Cutover.TakenOver];

    [Fact]
    public async Task Tenant_is_served_at_the_target_with_what_was_written_last()
    {
        var tenant = await AddCopiedTenantAsync();
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 20);

        var figures = await NewCutover().RunAsync(CrossingOf(tenant), Nothing, default);

        Assert.Equal(20, figures.Rows);
        Assert.True(figures.Pause > TimeSpan.Zero);
        Assert.Equal((2, 2), await PlaceAsync(tenant));
        await AssertEqualAsync(tenant);
        await AssertWritableOnlyAsync(fixture.Target, tenant);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Attempt_that_dies_at_a_place_is_taken_up_by_the_next(string place)
    {
        var tenant = await AddCopiedTenantAsync();
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 20);
        using var death = new CancellationTokenSource();
        var dying = NewCutover((_, reached) => reached == place ? death.CancelAsync() : Task.CompletedTask);

        await Record.ExceptionAsync(() => dying.RunAsync(CrossingOf(tenant), Nothing, death.Token));
        await NewCutover().RunAsync(CrossingOf(tenant), Nothing, default);
        await NewCutover().RunAsync(CrossingOf(tenant), Nothing, default);

        Assert.Equal((2, 2), await PlaceAsync(tenant));
        await AssertEqualAsync(tenant);
        await AssertWritableOnlyAsync(fixture.Target, tenant);
    }

    [Theory]
    [InlineData(Cutover.Fenced)]
    [InlineData(Cutover.Drained)]
    public async Task Failure_before_handing_over_lifts_the_fence(string place)
    {
        var tenant = await AddCopiedTenantAsync();
        var failing = NewCutover((_, reached) => reached == place ? throw new IOException("Broken.") : Task.CompletedTask);

        await Assert.ThrowsAsync<IOException>(() => failing.RunAsync(CrossingOf(tenant), Nothing, default));

        Assert.Equal((1, 1), await PlaceAsync(tenant));
        await AssertWritableOnlyAsync(fixture.Source, tenant);
    }

    [Fact]
    public async Task Row_that_is_not_the_same_at_the_target_keeps_the_tenant_where_it_is()
    {
        var tenant = await AddCopiedTenantAsync();
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 1);
        var disturbed = NewCutover(async (_, reached) =>
        {
            if (reached == Cutover.Fenced)
            {
                await fixture.AddPointsAsync(fixture.Target, tenant.TenantId, 500, 1);
                await fixture.RunAsync(
                    fixture.Target, "UPDATE fleet.points SET battery = 1 WHERE customer_id = $1", tenant.TenantId);
            }
        });

        await Assert.ThrowsAsync<MigrationMismatchException>(() => disturbed.RunAsync(CrossingOf(tenant), Nothing, default));

        Assert.Equal((1, 1), await PlaceAsync(tenant));
        await AssertWritableOnlyAsync(fixture.Source, tenant);
    }

    [Fact]
    public async Task Last_round_that_takes_too_long_lifts_the_fence()
    {
        var tenant = await AddCopiedTenantAsync();
        await using var connection = await fixture.Connections.OpenAsync(fixture.Target, default);
        await using var holding = await connection.BeginTransactionAsync();
        await holding.Sql("SELECT FROM fleet.customers WHERE customer_id = $1 FOR UPDATE", tenant.TenantId).RunAsync();

        await Assert.ThrowsAsync<TimeoutException>(() => NewCutover().RunAsync(CrossingOf(tenant), Nothing, default));

        await holding.RollbackAsync();
        await AssertWritableOnlyAsync(fixture.Source, tenant);
    }

    [Fact]
    public async Task Target_that_cannot_take_over_leaves_the_tenant_served_at_the_source_two_epochs_on()
    {
        var tenant = await AddCopiedTenantAsync();
        var failing = NewCutover(
            (_, reached) => reached == Cutover.TakenOver ? throw new IOException("Broken.") : Task.CompletedTask);

        await Assert.ThrowsAsync<CutoverReturnedException>(() => failing.RunAsync(CrossingOf(tenant), Nothing, default));
        await Assert.ThrowsAsync<CutoverReturnedException>(() => NewCutover().RunAsync(CrossingOf(tenant), Nothing, default));

        Assert.Equal((3, 1), await PlaceAsync(tenant));
        Assert.Equal("served 3", await StateAsync(fixture.Source, tenant));
    }

    [Fact]
    public async Task Switch_that_is_refused_when_the_placement_would_change_is_not_tried_again_and_the_source_serves()
    {
        var tenant = await AddCopiedTenantAsync();
        var asked = 0;

        await Assert.ThrowsAsync<CutoverReturnedException>(() => NewCutover().RunAsync(
            CrossingOf(tenant),
            _ =>
            {
                asked++;
                throw new StepRefusedException("It is not wanted any more.");
            },
            default));

        Assert.Equal(1, asked);
        Assert.Equal("served 3", await StateAsync(fixture.Source, tenant));
    }

    [Fact]
    public async Task Attempt_that_was_thought_dead_can_hand_over_nothing_after_others_have_written()
    {
        var tenant = await AddCopiedTenantAsync();
        var cutover = NewCutover(async (_, reached) =>
        {
            if (reached == Cutover.Drained)
            {
                await fixture.Fence.ReleaseForgottenAsync(fixture.Source, tenant.TenantId, TimeSpan.Zero, default);
                await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 1);
            }
        });

        await Assert.ThrowsAsync<FenceRefusedException>(() => cutover.RunAsync(CrossingOf(tenant), Nothing, default));

        await AssertWritableOnlyAsync(fixture.Source, tenant);
        await NewCutover().RunAsync(CrossingOf(tenant), Nothing, default);
        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Staying_after_handing_over_has_the_source_serve_again_and_the_attempt_that_wakes_up_changes_nothing()
    {
        var tenant = await AddCopiedTenantAsync();
        var asleep = new TaskCompletionSource();
        var awake = new TaskCompletionSource();
        var sleeping = NewCutover(async (_, reached) =>
        {
            if (reached == Cutover.HandedOver)
            {
                asleep.SetResult();
                await awake.Task;
            }
        }).RunAsync(CrossingOf(tenant), Nothing, default);
        await asleep.Task;

        await NewCutover().StayAsync(tenant.TenantId, 1, 2, 1, fixture.Source, default);
        awake.SetResult();
        await Assert.ThrowsAsync<CutoverReturnedException>(() => sleeping);

        Assert.Equal((3, 1), await PlaceAsync(tenant));
        Assert.Equal("served 3", await StateAsync(fixture.Source, tenant));
    }

    [Fact]
    public async Task Process_that_saw_the_old_placement_writes_to_the_new_home_and_cannot_write_to_the_old_one()
    {
        var tenant = await AddCopiedTenantAsync();
        var stale = fixture.Control.NewSessions();
        await WriteVehicleAsync(stale, tenant, "before");

        await NewCutover().RunAsync(CrossingOf(tenant), Nothing, default);
        await WriteVehicleAsync(stale, tenant, "after");

        Assert.False(await HasVehicleAsync(fixture.Source, tenant, "after"));
        Assert.True(await HasVehicleAsync(fixture.Target, tenant, "before"));
        Assert.True(await HasVehicleAsync(fixture.Target, tenant, "after"));
    }

    [Fact]
    public async Task Way_back_brings_what_was_written_meanwhile()
    {
        var tenant = await AddCopiedTenantAsync();
        await NewCutover().RunAsync(CrossingOf(tenant), Nothing, default);
        await fixture.AddPointsAsync(fixture.Target, tenant.TenantId, 500, 30);

        await fixture.CatchUp.RunAsync(fixture.Target, fixture.Source, tenant.TenantId, Comparison.OfAll, default);
        var figures = await NewCutover().RunAsync(
            new Crossing(tenant.TenantId, 2, 3, 2, fixture.Target, 1, fixture.Source), Nothing, default);

        Assert.Equal(0, figures.Rows);
        Assert.Equal((3, 1), await PlaceAsync(tenant));
        await AssertEqualAsync(tenant);
        Assert.Equal("served 3", await StateAsync(fixture.Source, tenant));
    }

    [Fact]
    public async Task Way_back_that_came_to_nothing_and_died_leaves_a_home_that_serves_again_though_the_other_one_is_lost()
    {
        var tenant = await AddMovedTenantAsync();
        await DieOnTheWayBackAsync(tenant, Cutover.HandedOver);
        var lost = new Crossing(tenant.TenantId, 4, 5, 2, fixture.Target, 1, fixture.Source with { Port = 1 });

        Assert.True(await NewCutover().ServeAsync(lost, default));
        Assert.True(await NewCutover().ServeAsync(lost, default));

        Assert.Equal("served 4", await StateAsync(fixture.Target, tenant));
        await WriteVehicleAsync(fixture.Control.NewSessions(), tenant, "again");
        Assert.True(await HasVehicleAsync(fixture.Target, tenant, "again"));
    }

    [Theory]
    [InlineData(Cutover.HandedOver)]
    [InlineData(Cutover.TakenOver)]
    public async Task Way_back_is_gone_after_one_that_came_to_nothing_and_died(string place)
    {
        var tenant = await AddMovedTenantAsync();
        await DieOnTheWayBackAsync(tenant, place);
        var crossing = new Crossing(tenant.TenantId, 4, 5, 2, fixture.Target, 1, fixture.Source);
        Assert.True(await NewCutover().ServeAsync(crossing, default));
        await fixture.AddPointsAsync(fixture.Target, tenant.TenantId, 600, 30);

        await NewCutover().ExpectAsync(crossing, default);
        await NewCutover().ExpectAsync(crossing, default);
        await fixture.CatchUp.RunAsync(fixture.Target, fixture.Source, tenant.TenantId, Comparison.OfAll, default);
        await NewCutover().RunAsync(crossing, Nothing, default);

        Assert.Equal((5, 1), await PlaceAsync(tenant));
        await AssertEqualAsync(tenant);
        await AssertWritableOnlyAsync(fixture.Source, tenant);
    }

    [Fact]
    public async Task Attempt_at_a_way_back_that_wakes_up_has_neither_home_take_writes_after_the_next_has_put_them_in_order()
    {
        var tenant = await AddMovedTenantAsync();
        await DieOnTheWayBackAsync(tenant, Cutover.TakenOver);
        var crossing = new Crossing(tenant.TenantId, 4, 5, 2, fixture.Target, 1, fixture.Source);
        await NewCutover().ServeAsync(crossing, default);
        await NewCutover().ExpectAsync(crossing, default);

        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.TakeOverAsync(fixture.Source, tenant.TenantId, 3, default));
        await Assert.ThrowsAsync<CutoverReturnedException>(
            () => NewCutover().RunAsync(crossing with { Epoch = 2, NextEpoch = 3 }, Nothing, default));
        await AssertWritableOnlyAsync(fixture.Target, tenant);

        await NewCutover().RunAsync(crossing, Nothing, default);
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.TakeOverAsync(fixture.Target, tenant.TenantId, 4, default));
        await Assert.ThrowsAsync<FenceRefusedException>(() => NewCutover().ExpectAsync(crossing, default));
        await AssertWritableOnlyAsync(fixture.Source, tenant);
    }

    [Fact]
    public async Task Crossing_that_has_handed_over_is_left_to_go_on()
    {
        var tenant = await AddMovedTenantAsync();
        var crossing = new Crossing(tenant.TenantId, 2, 3, 2, fixture.Target, 1, fixture.Source);
        await DieAsync(crossing, Cutover.HandedOver);

        Assert.False(await NewCutover().ServeAsync(crossing, default));
        Assert.Equal("away 3", await StateAsync(fixture.Target, tenant));
        await NewCutover().RunAsync(crossing, Nothing, default);

        Assert.Equal((3, 1), await PlaceAsync(tenant));
        await AssertWritableOnlyAsync(fixture.Source, tenant);
    }

    [Theory]
    [InlineData(Cutover.Fenced)]
    [InlineData(Cutover.HandedOver)]
    [InlineData(Cutover.TakenOver)]
    public async Task Home_that_is_kept_serves_out_of_reach_of_whatever_an_attempt_at_the_way_back_has_left(string place)
    {
        var tenant = await AddMovedTenantAsync();
        var (back, holder) = (new Crossing(tenant.TenantId, 2, 3, 2, fixture.Target, 1, fixture.Source), Guid.NewGuid());
        if (place == Cutover.Fenced)
        {
            await fixture.Fence.CloseAsync(fixture.Target, tenant.TenantId, 2, holder, LongestPause, default);
        }
        else
        {
            await DieAsync(back, place);
        }

        await fixture.Control.Control.TransactAsync(
            transaction => PlacementStore.MoveAsync(transaction, tenant.TenantId, 2, 4, 2, default));
        await NewCutover().KeepAsync(tenant.TenantId, fixture.Target, default);
        await NewCutover().KeepAsync(tenant.TenantId, fixture.Target, default);

        Assert.Equal("served 4", await StateAsync(fixture.Target, tenant));
        await WriteVehicleAsync(fixture.Control.NewSessions(), tenant, "kept");
        await Assert.ThrowsAsync<FenceRefusedException>(
            () => fixture.Fence.HandOverAsync(fixture.Target, tenant.TenantId, 2, holder, default));
        await Assert.ThrowsAsync<CutoverReturnedException>(() => NewCutover().RunAsync(back, Nothing, default));
        Assert.Equal((4, 2), await PlaceAsync(tenant));
        Assert.Equal("served 4", await StateAsync(fixture.Target, tenant));
    }

    private async Task<TenantPlacement> AddMovedTenantAsync()
    {
        var tenant = await AddCopiedTenantAsync();
        await NewCutover().RunAsync(CrossingOf(tenant), Nothing, default);
        await fixture.AddPointsAsync(fixture.Target, tenant.TenantId, 500, 30);
        return tenant;
    }

    // As when the source cannot take over, or is not heard of, within the longest pause: the placement is changed back, and
    // whoever changed it dies before the target serves again.
    private async Task DieOnTheWayBackAsync(TenantPlacement tenant, string place)
    {
        await DieAsync(new Crossing(tenant.TenantId, 2, 3, 2, fixture.Target, 1, fixture.Source), place);
        Assert.True(await fixture.Control.Control.TransactAsync(
            transaction => PlacementStore.MoveAsync(transaction, tenant.TenantId, 2, 4, 2, default)));
        Assert.Equal("away 3", await StateAsync(fixture.Target, tenant));
    }

    private async Task DieAsync(Crossing crossing, string place)
    {
        using var death = new CancellationTokenSource();
        var dying = NewCutover((_, reached) => reached == place ? death.CancelAsync() : Task.CompletedTask);
        await Record.ExceptionAsync(() => dying.RunAsync(crossing, Nothing, death.Token));
    }

    private static Task Nothing(NpgsqlTransaction transaction) => Task.CompletedTask;

    private Crossing CrossingOf(TenantPlacement tenant) =>
        new(tenant.TenantId, 1, 2, 1, fixture.Source, 2, fixture.Target);

    private Cutover NewCutover(Func<Guid, string, Task>? reached = null)
    {
        var placements = new PlacementStore(fixture.Control.Control);
        return new Cutover(
            fixture.Fence,
            fixture.CatchUp,
            fixture.Control.Control,
            placements,
            new PlacementCache(placements, new MemoryCache(new MemoryCacheOptions())),
            TestSettings.Any with { Migrations = new MigrationSettings { LongestPause = LongestPause } },
            new StepHooks { Reached = reached ?? ((_, _) => Task.CompletedTask) },
            TimeProvider.System,
            NullLogger<Cutover>.Instance);
    }

    // Served by the source as routing knows, with a second home at the target that has everything.
    private async Task<TenantPlacement> AddCopiedTenantAsync()
    {
        var tenant = await fixture.Control.AddRoutedTenantAsync();
        var target = tenant with { Home = 2, Epoch = 2, Plan = PlanId.Starter, DatabaseId = fixture.Target.Id };
        await fixture.Control.Control.TransactAsync(async transaction =>
        {
            await PlacementStore.AddHomeAsync(transaction, target, operationId: null, default);
            return true;
        });
        await new PlacementStore(fixture.Control.Control).UseDatabaseAsync(tenant.TenantId, 2, fixture.Target.Id, default);
        await fixture.FillAsync(fixture.Source, tenant.TenantId, 500);
        await fixture.Control.Setup.ExpectTenantAsync(fixture.Target, target, default);
        var manifest = await fixture.Export.RunAsync(
            fixture.Source, tenant.TenantId, $"{tenant.TenantId:n}/cutover", DayRange.All, null, default);
        await fixture.Import.RunAsync(fixture.Target, manifest, null, default);
        await fixture.CatchUp.BeginAsync(fixture.Target, tenant.TenantId, manifest.Mark, default);
        return tenant;
    }

    private static Task<bool> WriteVehicleAsync(TenantSessions sessions, TenantPlacement tenant, string vehicle) =>
        sessions.WriteAsync(
            tenant.TenantId,
            async transaction =>
            {
                await transaction.Sql(
                    "INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ($1, $2, $2)", tenant.TenantId, vehicle)
                    .RunAsync();
                return true;
            },
            default);

    private Task<bool> HasVehicleAsync(TenantDatabaseAddress database, TenantPlacement tenant, string vehicle) =>
        fixture.Control.AskAtAsync<bool>(
            database,
            "SELECT EXISTS (SELECT FROM fleet.vehicles WHERE customer_id = $1 AND vehicle_id = $2)",
            tenant.TenantId, vehicle);

    private async Task<(long Epoch, long Home)> PlaceAsync(TenantPlacement tenant)
    {
        var placement = await new PlacementStore(fixture.Control.Control).GetAsync(tenant.TenantId, default);
        return (placement.Epoch, placement.Home);
    }

    private Task<string?> StateAsync(TenantDatabaseAddress database, TenantPlacement tenant) =>
        fixture.Control.AskAtAsync<string>(
            database,
            """
            SELECT CASE WHEN writable THEN 'served' WHEN away THEN 'away' ELSE 'fenced' END || ' ' || epoch
            FROM fleet.customers WHERE customer_id = $1
            """,
            tenant.TenantId);

    private async Task AssertWritableOnlyAsync(TenantDatabaseAddress database, TenantPlacement tenant)
    {
        foreach (var each in new[] { fixture.Source, fixture.Target })
        {
            Assert.Equal(each == database, (await StateAsync(each, tenant))!.StartsWith("served", StringComparison.Ordinal));
        }
    }

    private async Task AssertEqualAsync(TenantPlacement tenant) => Assert.Equal(
        await fixture.ContentAsync(fixture.Source, tenant.TenantId),
        await fixture.ContentAsync(fixture.Target, tenant.TenantId));
}
