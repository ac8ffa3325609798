using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>Where a tenant's geofences are kept.</summary>
public sealed class GeofenceFunctions(CallerAuthentication callers, GeofenceStore geofences)
{
    private const int LargestPage = 100;

    /// <summary>The tenant's geofences.</summary>
    [Function("ListGeofences")]
    [Endpoint("List the geofences", Tag = "Fleet", Caller = "operator or tenant", Response = typeof(Page<GeofenceAnswer>), Query = ["after", "limit"])]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/geofences")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var limit = request.QueryNumber("limit", LargestPage, 1, LargestPage);
        var found = await geofences.ListAsync(tenantId, request.QueryChosenId("after"), limit, cancellationToken);
        List<GeofenceAnswer> answers = [.. found.Select(GeofenceAnswer.Of)];
        return Requests.Answer(Page.Of(
            request, answers, limit, $"/api/tenants/{tenantId}/geofences", ("after", last => last.GeofenceId)));
    }

    /// <summary>A geofence.</summary>
    [Function("GetGeofence")]
    [Endpoint("See a geofence", Tag = "Fleet", Caller = "operator or tenant", Response = typeof(GeofenceAnswer))]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/geofences/{geofenceId}")] HttpRequest request,
        Guid tenantId,
        string geofenceId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var geofence = await geofences.FindAsync(tenantId, geofenceId, cancellationToken) ?? throw Absent(geofenceId);
        return Answer(request, geofence, StatusCodes.Status200OK);
    }

    /// <summary>Creates or replaces a geofence.</summary>
    [Function("PutGeofence")]
    [Endpoint("Create or replace a geofence: a GeoJSON Polygon or MultiPolygon", Tag = "Fleet", Caller = "operator or tenant", Request = typeof(GeofenceContent), Response = typeof(GeofenceAnswer))]
    public async Task<IActionResult> Put(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "tenants/{tenantId:guid}/geofences/{geofenceId}")] HttpRequest request,
        Guid tenantId,
        string geofenceId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var content = await request.ReadJsonAsync<GeofenceContent>(cancellationToken);
        var faults = new Dictionary<string, string[]>();
        FleetNames.Check("geofenceId", geofenceId, content.Name, faults);
        var area = GeofenceArea.Read(content.Area, "area", faults);
        if (area is null || faults.Count > 0)
        {
            throw ProblemException.Unprocessable(faults);
        }

        var (change, geofence) = await geofences.PutAsync(
            tenantId, geofenceId, content.Name!.Trim(), area, request.ExpectedRow(), cancellationToken);
        return change switch
        {
            VersionedChange.Created => Answer(request, geofence!, StatusCodes.Status201Created),
            VersionedChange.Updated => Answer(request, geofence!, StatusCodes.Status200OK),
            VersionedChange.OverLimit => throw new ProblemException(
                409, "Limit reached", $"A tenant has at most {GeofenceStore.Limit} geofences. Delete one first."),
            _ => throw Outdated(geofenceId),
        };
    }

    /// <summary>Deletes a geofence.</summary>
    [Function("DeleteGeofence")]
    [Endpoint("Delete a geofence", Tag = "Fleet", Caller = "operator or tenant", Status = 204)]
    public async Task<IActionResult> Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "tenants/{tenantId:guid}/geofences/{geofenceId}")] HttpRequest request,
        Guid tenantId,
        string geofenceId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var expected = request.ExpectedRow();
        if (await geofences.DeleteAsync(tenantId, geofenceId, expected, cancellationToken))
        {
            return new NoContentResult();
        }

        throw expected == RowExpectation.Anything ? Absent(geofenceId) : Outdated(geofenceId);
    }

    private static IActionResult Answer(HttpRequest request, Geofence geofence, int status) =>
        request.AnswerVersion(GeofenceAnswer.Of(geofence), geofence.Version, status);

    private static ProblemException Absent(string geofenceId) =>
        ProblemException.NotFound($"There is no geofence {geofenceId}; PUT creates one.");

    private static ProblemException Outdated(string geofenceId) => VersionTag.Outdated($"Geofence {geofenceId}");
}

/// <summary>What a caller says of a geofence.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Area">A GeoJSON Polygon or MultiPolygon (RFC 7946): rings of [longitude, latitude], closed, not crossing.</param>
public sealed record GeofenceContent(string? Name, JsonElement Area);

/// <summary>What a caller is told of a geofence.</summary>
/// <param name="GeofenceId">The tenant's own id for it.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Area">A GeoJSON Polygon or MultiPolygon.</param>
/// <param name="Version">Grows with every change; the value of its ETag.</param>
/// <param name="UpdatedAt">When it last changed, UTC.</param>
public sealed record GeofenceAnswer(string GeofenceId, string Name, JsonElement Area, long Version, DateTimeOffset UpdatedAt)
{
    internal static GeofenceAnswer Of(Geofence geofence) => new(
        geofence.GeofenceId, geofence.Name, GeofenceArea.Write(geofence.Area), geofence.Version, geofence.UpdatedAt);
}
