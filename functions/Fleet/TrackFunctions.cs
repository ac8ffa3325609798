using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.Gps;
using WebHost.Gps.GeoJson;
using WebHost.OpenApi;

namespace WebHost.Fleet;

/// <summary>Where a fleet is, and was.</summary>
public sealed class TrackFunctions(CallerAuthentication callers, TrackReader tracks)
{
    private const int DefaultPage = 10_000;
    private const int LargestPage = 100_000;

    // Metres. Beyond it nothing is left of a track to look at.
    private const int LargestTolerance = 10_000;

    /// <summary>The newest point of each device.</summary>
    [Function("GetPositions")]
    [Endpoint("See where each device is", Tag = "Fleet", Caller = "operator or tenant", MediaType = GeoJsonWriter.ContentType, Query = [SpanQuery.Box, SpanQuery.Within])]
    public async Task<IActionResult> GetPositions(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/positions")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var area = request.QueryArea();
        var response = request.HttpContext.Response;
        response.ContentType = GeoJsonWriter.ContentType;
        await tracks.ReadPositionsAsync(
            tenantId,
            area,
            positions => GeoJsonWriter.WritePositionsAsync(response.BodyWriter, positions, cancellationToken),
            cancellationToken);
        return new EmptyResult();
    }

    /// <summary>A device's points in a stretch of time.</summary>
    [Function("GetTrack")]
    [Endpoint("See where a device was", Tag = "Fleet", Caller = "operator or tenant", MediaType = GeoJsonWriter.ContentType, Query = ["from", "to", SpanQuery.Box, SpanQuery.Within, "simplify", "after", "limit"])]
    [QueryOneOf<TrackGeometry>("geometry")]
    public async Task<IActionResult> GetTrack(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/tracks/{deviceId:guid}")] HttpRequest request,
        Guid tenantId,
        Guid deviceId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var span = request.QuerySpan(request.QueryArea());
        var after = request.QueryTime("after");
        var tolerance = request.QueryNumber("simplify", whenAbsent: 0, 1, LargestTolerance);
        var asLine = request.QueryOneOf<TrackGeometry>("geometry") == TrackGeometry.Line;
        var limit = request.QueryNumber("limit", asLine || tolerance > 0 ? LargestPage : DefaultPage, 1, LargestPage);
        var response = request.HttpContext.Response;
        response.ContentType = GeoJsonWriter.ContentType;
        var read = 0;
        await tracks.ReadTrackAsync(
            tenantId,
            deviceId,
            span,
            after,
            limit,
            found =>
            {
                var points = tolerance > 0
                    ? TrackSimplifier.SimplifyAsync(CountedAsync(found), tolerance, cancellationToken)
                    : CountedAsync(found);
                return asLine
                    ? GeoJsonWriter.WriteTrackLineAsync(response.BodyWriter, deviceId.ToString(), points, Next, cancellationToken)
                    : GeoJsonWriter.WriteTrackPointsAsync(response.BodyWriter, points, Next, cancellationToken);
            },
            cancellationToken);
        return new EmptyResult();

        // A page is as many points as were read, however few of them are left; its last one is always among these.
        async IAsyncEnumerable<GpsPoint> CountedAsync(IAsyncEnumerable<GpsPoint> points)
        {
            await foreach (var point in points)
            {
                read++;
                yield return point;
            }
        }

        string? Next(GpsPoint last) => read < limit ? null : Page.Next(
            request,
            $"/api/tenants/{tenantId}/tracks/{deviceId}",
            ("after", Text(last.Time)),
            "from", "to", SpanQuery.Box, SpanQuery.Within, "simplify", "geometry");
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
