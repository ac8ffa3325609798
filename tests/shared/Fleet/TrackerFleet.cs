using Microsoft.Extensions.Caching.Memory;
using WebHost.Fleet;
using WebHost.Gps;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Fleet;

/// <summary>A device with a token, as several processes see it that know nothing of each other.</summary>
internal sealed record TrackerFleet(ControlFixture Fixture, Guid TenantId, Guid DeviceId, string Token)
{
    /// <summary>Devices as a process sees them that has seen none yet.</summary>
    public KnownDevices Known => new(Fixture.Control, new MemoryCache(new MemoryCacheOptions()));

    public DeviceStore Devices => new(Fixture.Control, Fixture.NewSessions());

    public TrackerStore Trackers => new(Fixture.Control);

    public static async Task<TrackerFleet> AddAsync(ControlFixture fixture, Guid tenantId)
    {
        var fleet = new TrackerFleet(fixture, tenantId, Guid.Empty, "");
        var device = await fleet.Devices.CreateAsync(tenantId, "Gateway", null, SpeedUnit.Knots, TestContext.Current.CancellationToken);
        return fleet with { DeviceId = device!.DeviceId, Token = device.Token };
    }

    public async Task<KnownDevice> FindAsync() =>
        (await Known.FindByTokenAsync(Token, TestContext.Current.CancellationToken))!;
}
