using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.Gps;
using WebHost.OpenApi;
using WebHost.Problems;
using WebHost.Quotas;

namespace WebHost.Fleet;

/// <summary>Where a tenant's devices are registered.</summary>
public sealed class DeviceFunctions(CallerAuthentication callers, DeviceStore devices, StorageKeeper storage)
{
    /// <summary>The tenant's devices.</summary>
    [Function("ListDevices")]
    [Endpoint("List the devices", Tag = "Fleet", Caller = "operator or tenant", Response = typeof(Page<Device>))]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/devices")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        return Requests.Answer(new Page<Device>(await devices.ListAsync(tenantId, cancellationToken), null));
    }

    /// <summary>Registers a device.</summary>
    [Function("PostDevice")]
    [Endpoint("Register a device; its token is shown once", Tag = "Fleet", Caller = "operator or tenant", Request = typeof(DeviceContent), Response = typeof(NewDevice), Status = 201)]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "tenants/{tenantId:guid}/devices")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var content = await request.ReadJsonAsync<DeviceContent>(cancellationToken);
        var faults = new Dictionary<string, string[]>();
        FleetNames.CheckName(content.Name, faults);
        FleetNames.CheckId("vehicleId", content.VehicleId, faults);
        if (faults.Count > 0)
        {
            throw ProblemException.Unprocessable(faults);
        }

        if (await storage.FindAsync(tenantId, cancellationToken) is { OverQuota: true })
        {
            throw ProblemException.Conflict(
                $"Tenant {tenantId} stores more than its plan allows; GET /api/tenants/{tenantId} says how much. "
                + "Its devices' points are taken, but further devices need a larger plan.");
        }

        var device = await devices.CreateAsync(
            tenantId, content.Name!.Trim(), content.VehicleId, content.SpeedUnit ?? SpeedUnit.Knots, cancellationToken)
            ?? throw ProblemException.Unprocessable(new Dictionary<string, string[]>
            {
                ["vehicleId"] = [$"There is no vehicle {content.VehicleId}. Create it with PUT /api/tenants/{tenantId}/vehicles/{content.VehicleId}."],
            });
        return Requests.Answer(device, StatusCodes.Status201Created);
    }

    /// <summary>Revokes a device's token.</summary>
    [Function("DeleteDevice")]
    [Endpoint("Revoke a device's token; its points stay", Tag = "Fleet", Caller = "operator or tenant", Status = 204)]
    public async Task<IActionResult> Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "tenants/{tenantId:guid}/devices/{deviceId:guid}")] HttpRequest request,
        Guid tenantId,
        Guid deviceId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        return await devices.RevokeAsync(tenantId, deviceId, cancellationToken)
            ? new NoContentResult()
            : throw ProblemException.NotFound($"Tenant {tenantId} has no device {deviceId}.");
    }
}

/// <summary>What a caller says of a device.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="VehicleId">The vehicle it rides in.</param>
/// <param name="SpeedUnit">In what unit it means speeds where its protocol does not say; knots when absent.</param>
public sealed record DeviceContent(string? Name, string? VehicleId, SpeedUnit? SpeedUnit);
