using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using NetTopologySuite.Geometries;
using WebHost.Callers;
using WebHost.Gps.GeoJson;
using WebHost.OpenApi;
using WebHost.Placement;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>Which devices were in an area, and when.</summary>
public sealed class PointFunctions(CallerAuthentication callers, PlacementStore placements, TrackReader tracks)
{
    private const int DefaultPage = 10_000;
    private const int LargestPage = 100_000;

    /// <summary>The points of all devices within a box or polygon.</summary>
    [Function("GetPoints")]
    [Endpoint("Find the points of all devices within an area, by time", Tag = "Fleet", Caller = "operator or tenant", MediaType = GeoJsonWriter.ContentType, Query = ["from", "to", SpanQuery.Box, SpanQuery.Within, "after", "limit"])]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/points")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var page = ReadPage(request);
        if (request.QueryArea() is not { } area)
        {
            _ = await placements.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
            throw ProblemException.BadRequest(
                SpanQuery.Box,
                $"Name an area: {SpanQuery.Box} or {SpanQuery.Within}. "
                + $"A device's whole track is at /api/tenants/{tenantId}/tracks/{{deviceId}}.");
        }

        return await AnswerAsync(request, tenantId, page.Within(area), "points", cancellationToken);
    }

    /// <summary>The same for a polygon that is too long for an address.</summary>
    [Function("SearchPoints")]
    [Endpoint("Find the points of all devices within a polygon that is too long for the address", Tag = "Fleet", Caller = "operator or tenant", Request = typeof(PointSearch), MediaType = GeoJsonWriter.ContentType, Query = ["from", "to", "after", "limit"])]
    public async Task<IActionResult> Search(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "tenants/{tenantId:guid}/points/search")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var page = ReadPage(request);
        var search = await request.ReadJsonAsync<PointSearch>(cancellationToken);
        var area = SpanQuery.ReadPolygon(search.Within);
        return await AnswerAsync(request, tenantId, page.Within(area), "points/search", cancellationToken);
    }

    // Before the area, so that a fault in the address is found though the area is missing.
    private static PointPage ReadPage(HttpRequest request)
    {
        var cursor = request.Query["after"].ToString();
        return new PointPage(
            request.QuerySpan(area: null),
            request.QueryNumber("limit", DefaultPage, 1, LargestPage),
            cursor.Length == 0
                ? null
                : PointCursor.Parse(cursor)
                    ?? throw ProblemException.BadRequest("after", "after must be the one of an answer's next."));
    }

    private async Task<IActionResult> AnswerAsync(
        HttpRequest request, Guid tenantId, PointPage page, string path, CancellationToken cancellationToken)
    {
        var (span, limit, after) = page;
        var response = request.HttpContext.Response;
        response.ContentType = GeoJsonWriter.ContentType;
        var read = 0;
        await tracks.ReadPointsAsync(
            tenantId,
            span,
            after,
            limit,
            points => GeoJsonWriter.WritePointsAsync(response.BodyWriter, CountedAsync(points), Next, cancellationToken),
            cancellationToken);
        return new EmptyResult();

        async IAsyncEnumerable<DevicePoint> CountedAsync(IAsyncEnumerable<DevicePoint> points)
        {
            await foreach (var point in points)
            {
                read++;
                yield return point;
            }
        }

        string? Next(DevicePoint last) => read < limit ? null : Page.Next(
            request,
            $"/api/tenants/{tenantId}/{path}",
            ("after", new PointCursor(last.Point.Time, last.DeviceId).ToString()),
            "from", "to", SpanQuery.Box, SpanQuery.Within);
    }

    private sealed record PointPage(PointSpan Span, int Limit, PointCursor? After)
    {
        public PointPage Within(Geometry area) => this with { Span = Span with { Area = area } };
    }
}

/// <summary>Where to look.</summary>
/// <param name="Within">
/// A GeoJSON Polygon or MultiPolygon (RFC 7946): rings of [longitude, latitude], closed, not crossing.
/// </param>
public sealed record PointSearch(JsonElement Within);
