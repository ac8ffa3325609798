using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>Where a tenant's vehicles are kept.</summary>
public sealed partial class VehicleFunctions(CallerAuthentication callers, VehicleStore vehicles)
{
    private const int LongestName = 200;
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
        return WithETag(request, vehicle, StatusCodes.Status200OK);
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
            tenantId, vehicleId, content.Name!.Trim(), content.Plate?.Trim(), ExpectedVersion(request),
            mustExist: request.Headers.IfMatch.ToString() == "*", cancellationToken);
        return change switch
        {
            VehicleChange.Created => WithETag(request, vehicle!, StatusCodes.Status201Created),
            VehicleChange.Updated => WithETag(request, vehicle!, StatusCodes.Status200OK),
            VehicleChange.OverLimit => throw new ProblemException(
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
        var expected = ExpectedVersion(request);
        if (await vehicles.DeleteAsync(tenantId, vehicleId, expected, cancellationToken))
        {
            return new NoContentResult();
        }

        throw expected is null ? Absent(vehicleId) : Outdated(vehicleId);
    }

    private static void Check(string vehicleId, VehicleContent content)
    {
        var faults = new Dictionary<string, string[]>();
        if (!WellFormedId().IsMatch(vehicleId))
        {
            faults["vehicleId"] = ["A vehicle's id has 1 to 64 letters, digits, '-', '_' or '.'."];
        }

        if (string.IsNullOrWhiteSpace(content.Name) || content.Name.Trim().Length > LongestName)
        {
            faults["name"] = [$"Give the vehicle a name of 1 to {LongestName} characters."];
        }

        if (content.Plate?.Trim().Length > LongestPlate)
        {
            faults["plate"] = [$"A plate has at most {LongestPlate} characters."];
        }

        if (faults.Count > 0)
        {
            throw ProblemException.Unprocessable(faults);
        }
    }

    private static long? ExpectedVersion(HttpRequest request)
    {
        if (request.Headers.IfNoneMatch.ToString() == "*")
        {
            return 0;
        }

        var match = request.Headers.IfMatch.ToString();
        if (match.Length == 0 || match == "*")
        {
            return null;
        }

        return long.TryParse(match.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw ProblemException.BadRequest("If-Match", "If-Match is not an ETag that this API gave out.");
    }

    private static IActionResult WithETag(HttpRequest request, Vehicle vehicle, int status)
    {
        request.HttpContext.Response.Headers.ETag = $"\"{vehicle.Version}\"";
        return Requests.Answer(vehicle, status);
    }

    private static ProblemException Absent(string vehicleId) =>
        ProblemException.NotFound($"There is no vehicle {vehicleId}; PUT creates one.");

    private static ProblemException Outdated(string vehicleId) => new(
        412, "Outdated", $"Vehicle {vehicleId} is not at the version that the request names. GET it, and repeat the change on what you find.");

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex WellFormedId();
}

/// <summary>What a caller says of a vehicle.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Plate">Its licence plate.</param>
public sealed record VehicleContent(string? Name, string? Plate);
