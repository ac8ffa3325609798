using WebHost.Fleet;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Fleet;

public sealed class TrackerStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    // A hobby fleet has five vehicles.
    private const int Room = 20;

    private static readonly string[] Names = ["a", "b", "c"];

    private TrackerFleet _fleet = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _fleet = await TrackerFleet.AddAsync(fixture, (await fixture.AddRoutedTenantAsync()).TenantId);

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task Register_first_name_is_the_device_itself_and_every_other_one_a_device_of_its_own()
    {
        var device = await RegisterAsync(Names);

        Assert.Equal(_fleet.DeviceId, device.Trackers.DeviceOf("a"));
        Assert.Equal(_fleet.DeviceId, device.Trackers.DeviceOf(null));
        Assert.Equal(3, Names.Select(device.Trackers.DeviceOf).Distinct().Count());
        var again = await _fleet.FindAsync();
        Assert.All(Names, name => Assert.Equal((true, device.Trackers.DeviceOf(name)), (again.Trackers.Knows(name), again.Trackers.DeviceOf(name))));
        Assert.False(again.Trackers.Knows("d"));
    }

    [Fact]
    public async Task Register_by_many_at_once_and_in_any_order_all_agree()
    {
        var devices = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            RegisterAsync(i % 2 == 0 ? ["a", "b", "c"] : ["c", "b", "a"])));

        foreach (var name in Names)
        {
            Assert.Single(devices.Select(device => device.Trackers.DeviceOf(name)).Distinct());
        }

        Assert.Equal(3, Names.Select(devices[0].Trackers.DeviceOf).Distinct().Count());
        Assert.Equal(2, await CountTrackersAsync());
    }

    [Fact]
    public async Task Register_beyond_the_plan_by_many_at_once_is_refused_and_deleting_one_makes_room()
    {
        await RegisterAsync("own");

        await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            RegisterAsync([.. Enumerable.Range(0, 6).Select(n => $"tracker-{i}-{n}")])));

        Assert.Equal(Room, await CountTrackersAsync());
        var late = await RegisterAsync("late");
        Assert.True(late.Trackers.Refuses("late"));
        Assert.Equal(_fleet.DeviceId, late.Trackers.DeviceOf("late"));
        var (gone, id) = (await _fleet.FindAsync()).Trackers.Others.First();
        Assert.True(await _fleet.Devices.RevokeAsync(_fleet.TenantId, id, Cancellation));
        Assert.False((await RegisterAsync("late")).Trackers.Refuses("late"));
        Assert.True((await RegisterAsync(gone)).Trackers.Refuses(gone));
    }

    [Fact]
    public async Task Register_name_that_is_too_long_is_refused_and_is_not_what_the_device_is_called()
    {
        var endless = new string('x', 201);

        var device = await RegisterAsync(endless, "a");

        Assert.True(device.Trackers.Refuses(endless));
        Assert.Equal(_fleet.DeviceId, device.Trackers.DeviceOf("a"));
        Assert.Equal(0, await CountTrackersAsync());
    }

    [Fact]
    public async Task Register_same_name_behind_another_gateway_is_another_device()
    {
        var other = await TrackerFleet.AddAsync(fixture, _fleet.TenantId);
        var device = await RegisterAsync("own", "a");
        var stranger = await other.FindAsync();

        await other.Trackers.RegisterAsync(stranger, ["own", "a"], Cancellation);

        Assert.NotEqual(device.Trackers.DeviceOf("a"), stranger.Trackers.DeviceOf("a"));
    }

    private async Task<KnownDevice> RegisterAsync(params string[] names)
    {
        var device = await _fleet.FindAsync();
        await _fleet.Trackers.RegisterAsync(device, names, Cancellation);
        return device;
    }

    private async Task<int> CountTrackersAsync() => (await _fleet.FindAsync()).Trackers.Others.Count();
}
