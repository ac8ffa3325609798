using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Gps.Allowances;
using WebHost.Plans;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Gps.Allowances;

public sealed class PointAllowancesTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static readonly PlanLimits Hobby = PlanCatalog.Standard.Get(PlanId.Hobby).Limits;

    private readonly Guid _tenant = Guid.NewGuid();
    private readonly SteppedClock _clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Take_a_burst_then_only_the_rate()
    {
        var allowances = NewInstance();

        Assert.Null(allowances.Take(_tenant, Hobby, Hobby.PointBurst));
        Assert.NotNull(allowances.Take(_tenant, Hobby, 1));
        _clock.Step(TimeSpan.FromSeconds(1));

        Assert.Null(allowances.Take(_tenant, Hobby, Hobby.PointsPerSecond));
        Assert.NotNull(allowances.Take(_tenant, Hobby, 1));
    }

    [Fact]
    public void Take_batch_larger_than_what_is_left_is_taken_whole_and_paid_for_afterwards()
    {
        var allowances = NewInstance();

        Assert.Null(allowances.Take(_tenant, Hobby, Hobby.PointBurst + (10 * Hobby.PointsPerSecond)));
        var wait = allowances.Take(_tenant, Hobby, 1)!.Value;

        Assert.Equal(10.01, wait.TotalSeconds, precision: 3);
        _clock.Step(wait);
        Assert.Null(allowances.Take(_tenant, Hobby, 1));
    }

    [Fact]
    public void Take_over_any_longer_time_is_the_rate()
    {
        var allowances = NewInstance();
        allowances.Take(_tenant, Hobby, Hobby.PointBurst);
        var taken = 0;
        for (var i = 0; i < 10_000; i++)
        {
            _clock.Step(TimeSpan.FromMilliseconds(10));
            taken += allowances.Take(_tenant, Hobby, 7) is null ? 7 : 0;
        }

        Assert.InRange(taken, 0.99 * 100 * Hobby.PointsPerSecond, 1.01 * 100 * Hobby.PointsPerSecond);
    }

    [Fact]
    public void Take_one_tenant_at_its_limit_does_not_touch_another()
    {
        var allowances = NewInstance();
        allowances.Take(_tenant, Hobby, 10 * Hobby.PointBurst);

        Assert.Null(allowances.Take(Guid.NewGuid(), Hobby, 1));
    }

    [Fact]
    public void GiveBack_points_that_did_not_get_in_may_come_again()
    {
        var allowances = NewInstance();
        allowances.Take(_tenant, Hobby, Hobby.PointBurst);

        allowances.GiveBack(_tenant, Hobby.PointBurst);

        Assert.Null(allowances.Take(_tenant, Hobby, Hobby.PointBurst));
    }

    [Fact]
    public async Task Share_what_one_instance_let_in_another_knows_a_second_later()
    {
        var here = NewInstance();
        var there = NewInstance();
        here.Take(_tenant, Hobby, 10 * Hobby.PointBurst);
        await here.ShareAsync(Cancellation);

        // It has not heard of it, and lets one more request in.
        Assert.Null(there.Take(_tenant, Hobby, 1));
        await there.ShareAsync(Cancellation);

        Assert.InRange(there.Take(_tenant, Hobby, 1)!.Value.TotalSeconds, 500, 541);
    }

    [Fact]
    public async Task Share_a_debt_is_not_forgotten_however_long_nothing_comes()
    {
        var allowances = NewInstance();
        allowances.Take(_tenant, Hobby, 10 * Hobby.PointBurst);
        await allowances.ShareAsync(Cancellation);

        _clock.Step(TimeSpan.FromMinutes(3));
        await allowances.ShareAsync(Cancellation);

        Assert.NotNull(allowances.Take(_tenant, Hobby, 1));
    }

    [Fact]
    public async Task Share_two_instances_together_let_in_the_rate_of_one()
    {
        var instances = (PointAllowances[])[NewInstance(TimeProvider.System), NewInstance(TimeProvider.System)];
        var limits = Hobby with { PointsPerSecond = 1_000 };
        foreach (var instance in instances)
        {
            instance.Take(_tenant, limits, limits.PointBurst / 2);
            await instance.ShareAsync(Cancellation);
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        var taken = 0;
        while (clock.Elapsed < TimeSpan.FromSeconds(2))
        {
            taken += instances.Sum(instance => instance.Take(_tenant, limits, 10) is null ? 10 : 0);
            if (clock.ElapsedMilliseconds / 100 % 2 == 0)
            {
                await Task.WhenAll(instances.Select(instance => instance.ShareAsync(Cancellation)));
            }
        }

        // Between two exchanges each may let in what is left to both.
        Assert.InRange(taken / clock.Elapsed.TotalSeconds, 0.7 * limits.PointsPerSecond, 1.5 * limits.PointsPerSecond);
    }

    private PointAllowances NewInstance(TimeProvider? time = null) =>
        new(fixture.Control, time ?? _clock, NullLogger<PointAllowances>.Instance);

    private sealed class SteppedClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Step(TimeSpan by) => _ticks += by.Ticks;
    }
}
