using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.Gps;
using WebHost.Gps.GeoJson;
using WebHost.OpenApi;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>Where a fleet is, and was.</summary>
public sealed class TrackFunctions(CallerAuthentication callers, TrackReader tracks)
{
    private const int DefaultPage = 10_000;
    private const int LargestPage = 100_000;

    /// <summary>The newest point of each device.</summary>
    [Function("GetPositions")]
    [Endpoint("See where each device is", Tag = "Fleet", Caller = "operator or tenant", MediaType = GeoJsonWriter.ContentType)]
    public async Task<IActionResult> GetPositions(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/positions")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var response = request.HttpContext.Response;
        response.ContentType = GeoJsonWriter.ContentType;
        await tracks.ReadPositionsAsync(
            tenantId,
            positions => GeoJsonWriter.WritePositionsAsync(response.BodyWriter, positions, cancellationToken),
            cancellationToken);
        return new EmptyResult();
    }

    /// <summary>A device's points in a stretch of time.</summary>
    [Function("GetTrack")]
    [Endpoint("See where a device was", Tag = "Fleet", Caller = "operator or tenant", MediaType = GeoJsonWriter.ContentType, Query = ["from", "to", "geometry", "after", "limit"])]
    public async Task<IActionResult> GetTrack(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/tracks/{deviceId:guid}")] HttpRequest request,
        Guid tenantId,
        Guid deviceId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var from = request.QueryTime("from") ?? DateTimeOffset.UnixEpoch;
        var to = request.QueryTime("to") ?? new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);
        if (from >= to)
        {
            throw ProblemException.BadRequest("to", "to must be later than from.");
        }

        var asLine = request.QueryOneOf<TrackGeometry>("geometry") == TrackGeometry.Line;
        var limit = request.QueryNumber("limit", asLine ? LargestPage : DefaultPage, 1, LargestPage);
        var response = request.HttpContext.Response;
        response.ContentType = GeoJsonWriter.ContentType;
        await tracks.ReadTrackAsync(
            tenantId,
            deviceId,
            from,
            to,
            request.QueryTime("after"),
            limit,
            points => asLine
                ? GeoJsonWriter.WriteTrackLineAsync(response.BodyWriter, deviceId.ToString(), points, cancellationToken)
                : GeoJsonWriter.WriteTrackPointsAsync(response.BodyWriter, points, Next, cancellationToken),
            cancellationToken);
        return new EmptyResult();

        string? Next(GpsPoint last, int count) => count < limit
            ? null
            : $"/api/tenants/{tenantId}/tracks/{deviceId}?from={Text(from)}&to={Text(to)}&after={Text(last.Time)}&limit={limit}";
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}

/// <summary>How a track is drawn.</summary>
internal enum TrackGeometry
{
    /// <summary>A feature for each point, with all that is known of it.</summary>
    Points,

    /// <summary>One line.</summary>
    Line,
}
