using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>Where a tenant's vehicles are kept.</summary>
public sealed class VehicleFunctions(CallerAuthentication callers, VehicleStore vehicles)
{
    private const int LongestPlate = 20;

    /// <summary>The tenant's vehicles.</summary>
    [Function("ListVehicles")]
    [Endpoint("List the vehicles", Tag = "Fleet", Caller = "operator or tenant", Response = typeof(Page<Vehicle>))]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/vehicles")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        return Requests.Answer(new Page<Vehicle>(await vehicles.ListAsync(tenantId, cancellationToken), null));
    }

    /// <summary>A vehicle.</summary>
    [Function("GetVehicle")]
    [Endpoint("See a vehicle", Tag = "Fleet", Caller = "operator or tenant", Response = typeof(Vehicle))]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/vehicles/{vehicleId}")] HttpRequest request,
        Guid tenantId,
        string vehicleId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var vehicle = await vehicles.FindAsync(tenantId, vehicleId, cancellationToken)
            ?? throw Absent(vehicleId);
        return Answer(request, vehicle, StatusCodes.Status200OK);
    }

    /// <summary>Creates or replaces a vehicle.</summary>
    [Function("PutVehicle")]
    [Endpoint("Create or replace a vehicle", Tag = "Fleet", Caller = "operator or tenant", Request = typeof(VehicleContent), Response = typeof(Vehicle))]
    public async Task<IActionResult> Put(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "tenants/{tenantId:guid}/vehicles/{vehicleId}")] HttpRequest request,
        Guid tenantId,
        string vehicleId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var content = await request.ReadJsonAsync<VehicleContent>(cancellationToken);
        Check(vehicleId, content);
        var (change, vehicle) = await vehicles.PutAsync(
            tenantId, vehicleId, content.Name!.Trim(), content.Plate?.Trim(), request.ExpectedRow(), cancellationToken);
        return change switch
        {
            VersionedChange.Created => Answer(request, vehicle!, StatusCodes.Status201Created),
            VersionedChange.Updated => Answer(request, vehicle!, StatusCodes.Status200OK),
            VersionedChange.OverLimit => throw new ProblemException(
                409, "Plan limit reached", "The plan allows no further vehicle. Delete one, or move to a larger plan."),
            _ => throw Outdated(vehicleId),
        };
    }

    /// <summary>Deletes a vehicle.</summary>
    [Function("DeleteVehicle")]
    [Endpoint("Delete a vehicle; devices in it ride in none", Tag = "Fleet", Caller = "operator or tenant", Status = 204)]
    public async Task<IActionResult> Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "tenants/{tenantId:guid}/vehicles/{vehicleId}")] HttpRequest request,
        Guid tenantId,
        string vehicleId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var expected = request.ExpectedRow();
        if (await vehicles.DeleteAsync(tenantId, vehicleId, expected, cancellationToken))
        {
            return new NoContentResult();
        }

        throw expected == RowExpectation.Anything ? Absent(vehicleId) : Outdated(vehicleId);
    }

    private static void Check(string vehicleId, VehicleContent content)
    {
        var faults = new Dictionary<string, string[]>();
        FleetNames.Check("vehicleId", vehicleId, content.Name, faults);
        if (content.Plate is { } plate && (plate.Trim().Length > LongestPlate || plate.Any(char.IsControl)))
        {
            faults["plate"] = [$"A plate has at most {LongestPlate} characters, none of them a control character."];
        }

        if (faults.Count > 0)
        {
            throw ProblemException.Unprocessable(faults);
        }
    }

    private static IActionResult Answer(HttpRequest request, Vehicle vehicle, int status) =>
        request.AnswerVersion(vehicle, vehicle.Version, status);

    private static ProblemException Absent(string vehicleId) =>
        ProblemException.NotFound($"There is no vehicle {vehicleId}; PUT creates one.");

    private static ProblemException Outdated(string vehicleId) => VersionTag.Outdated($"Vehicle {vehicleId}");
}

/// <summary>What a caller says of a vehicle.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Plate">Its licence plate.</param>
public sealed record VehicleContent(string? Name, string? Plate);
