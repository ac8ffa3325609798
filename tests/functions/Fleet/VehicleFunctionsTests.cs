using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Fleet;
using WebHost.Functions.Tests.Callers;
using WebHost.Monitoring;
using WebHost.Placement;
using WebHost.Problems;
using WebHost.Quotas;
using WebHost.Tenants;
using WebHost.Tests.Placement;

namespace WebHost.Functions.Tests.Fleet;

public sealed class VehicleFunctionsTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private VehicleFunctions Vehicles => new(
        TestCallers.For(fixture), new VehicleStore(fixture.NewSessions(), new TenantStore(fixture.Control)));

    private DeviceFunctions Devices => new(
        TestCallers.For(fixture),
        new DeviceStore(fixture.Control, fixture.NewSessions()),
        new StorageKeeper(
            fixture.Control,
            new PlacementStore(fixture.Control),
            fixture.Databases,
            new AlertStore(fixture.Control),
            NullLogger<StorageKeeper>.Instance));

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("LJ 12-345\\u0007")]
    [InlineData("123456789012345678901")]
    public async Task A_plate_that_is_none_is_answered_with_422(string plate)
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var request = TestCallers.OperatorRequest(body: $$"""{"name":"Van 1","plate":"{{plate}}"}""");

        var refused = await Assert.ThrowsAsync<ProblemException>(() => Vehicles.Put(request, tenant.TenantId, "van-1", default));

        Assert.Equal((422, "plate"), (refused.Status, refused.Errors!.Keys.Single()));
    }

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("van 1")]
    [InlineData("no-such-van")]
    public async Task A_device_in_a_vehicle_that_cannot_be_is_answered_with_422(string vehicle)
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var request = TestCallers.OperatorRequest(body: $$"""{"name":"Tracker","vehicleId":"{{vehicle}}"}""");

        var refused = await Assert.ThrowsAsync<ProblemException>(() => Devices.Post(request, tenant.TenantId, default));

        Assert.Equal((422, "vehicleId"), (refused.Status, refused.Errors!.Keys.Single()));
    }
}
