using Microsoft.Extensions.Caching.Memory;
using Npgsql;
using WebHost.Data;
using WebHost.Fleet;
using WebHost.Gps;
using WebHost.Security;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Fleet;

public sealed class KnownDevicesTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FindByToken_many_at_the_same_time_each_is_told_of_its_own_device()
    {
        var fleets = new List<TrackerFleet>();
        for (var i = 0; i < 30; i++)
        {
            fleets.Add(await TrackerFleet.AddAsync(fixture, (await fixture.AddRoutedTenantAsync()).TenantId));
        }

        var revoked = fleets[7];
        await revoked.Devices.RevokeAsync(revoked.TenantId, revoked.DeviceId, Cancellation);
        var known = fleets[0].Known;
        string[] shown = [.. fleets.Select(fleet => fleet.Token), OpaqueToken.Generate(TokenKind.Device), "no token", fleets[3].Token];

        var found = await Task.WhenAll(shown.Select(token => known.FindByTokenAsync(token, Cancellation).AsTask()));

        Guid?[] expected = [.. fleets.Select(fleet => fleet == revoked ? (Guid?)null : fleet.DeviceId), null, null, fleets[3].DeviceId];
        Assert.Equal(expected, found.Select(device => device?.DeviceId));
        Assert.All(found.OfType<KnownDevice>(), device =>
            Assert.Equal(fleets.Single(fleet => fleet.DeviceId == device.DeviceId).TenantId, device.TenantId));
    }

    [Fact]
    public async Task FindByToken_finds_the_trackers_behind_the_device_and_its_unit_of_speed()
    {
        var fleet = await TrackerFleet.AddAsync(fixture, (await fixture.AddRoutedTenantAsync()).TenantId);
        await fleet.Trackers.RegisterAsync(await fleet.FindAsync(), ["own", "a", "b"], Cancellation);

        var device = await fleet.FindAsync();

        Assert.Equal(SpeedUnit.Knots, device.SpeedUnit);
        Assert.Equal(["a", "b"], device.Trackers.Others.Select(tracker => tracker.Ident).Order());
        Assert.Equal(device.Trackers.Others.ToHashSet(), (await fleet.Known.ListAsync(fleet.TenantId, Cancellation)).Single().Trackers.Others.ToHashSet());
    }

    [Fact]
    public async Task FindByToken_when_the_control_database_does_not_answer_says_so_and_remembers_nothing()
    {
        await using var away = new ControlDatabase(
            NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x;Password=x;Database=x;Timeout=1"));
        var known = new KnownDevices(away, new MemoryCache(new MemoryCacheOptions()));
        var token = OpaqueToken.Generate(TokenKind.Device);

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var failure = await Assert.ThrowsAnyAsync<NpgsqlException>(() => known.FindByTokenAsync(token, Cancellation).AsTask());
            Assert.True(PostgresFaults.IsTransient(failure));
        }
    }
}
