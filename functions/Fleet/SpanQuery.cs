using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NetTopologySuite.Geometries;
using WebHost.Problems;

namespace WebHost.Fleet;

/// <summary>
/// Reads where and when a query looks: <c>bbox</c>, as RFC 7946 has it, or <c>within</c>, a GeoJSON geometry.
/// </summary>
internal static class SpanQuery
{
    /// <summary>The name of the parameter with a box.</summary>
    public const string Box = "bbox";

    /// <summary>The name of the parameter with a polygon.</summary>
    public const string Within = "within";

    private const double DateLine = 180;
    private static readonly GeometryFactory Factory = new(new PrecisionModel(), 4326);

    /// <summary>The area, or null when none is named.</summary>
    /// <exception cref="ProblemException">
    /// 400 when it is malformed, or both are there; 422 with every fault of a polygon.
    /// </exception>
    public static Geometry? QueryArea(this HttpRequest request)
    {
        var (box, within) = (request.Query[Box].ToString(), request.Query[Within].ToString());
        return (box, within) switch
        {
            ("", "") => null,
            (_, "") => ReadBox(box),
            ("", _) => ReadPolygon(Parse(within)),
            _ => throw ProblemException.BadRequest(Within, $"Name one area: {Box} or {Within}."),
        };
    }

    /// <summary>The stretch of time from <c>from</c> to <c>to</c>; all times when they are absent.</summary>
    /// <exception cref="ProblemException">400 when one of them is no time, or the stretch is empty.</exception>
    public static PointSpan QuerySpan(this HttpRequest request, Geometry? area)
    {
        var from = request.QueryTime("from") ?? DateTimeOffset.UnixEpoch;
        var to = request.QueryTime("to") ?? new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return from < to
            ? new PointSpan(from, to, area)
            : throw ProblemException.BadRequest("to", "to must be later than from.");
    }

    /// <summary>A polygon or multipolygon.</summary>
    /// <exception cref="ProblemException">422 with every fault.</exception>
    public static Geometry ReadPolygon(JsonElement json)
    {
        var faults = new Dictionary<string, string[]>();
        return GeofenceArea.Read(json, Within, faults) ?? throw ProblemException.Unprocessable(faults);
    }

    private static JsonElement Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw ProblemException.BadRequest(
                Within,
                $"{Within} must be a GeoJSON geometry: {{\"type\": \"Polygon\", \"coordinates\": [[[lon, lat], …]]}}.");
        }
    }

    private static Geometry ReadBox(string text)
    {
        double[] numbers = [.. text.Split(',').Select(Number)];
        if (numbers is not [>= -DateLine and <= DateLine, >= -90 and <= 90, >= -DateLine and <= DateLine, >= -90 and <= 90])
        {
            throw ProblemException.BadRequest(
                Box, $"{Box} must be west,south,east,north in degrees, such as 14.4,46.0,14.6,46.1.");
        }

        var (west, south, east, north) = (numbers[0], numbers[1], numbers[2], numbers[3]);
        if (south >= north || west == east)
        {
            throw ProblemException.BadRequest(
                Box, $"{Box} must be west,south,east,north; its north is not above its south, or it has no width.");
        }

        // A box whose west is east of its east lies across the antimeridian (RFC 7946, 5.2), which is the edge of both its
        // halves.
        west = west == DateLine ? -DateLine : west;
        east = east == -DateLine ? DateLine : east;
        return west < east
            ? Rectangle(west, south, east, north)
            : Factory.CreateMultiPolygon(
                [Rectangle(west, south, DateLine, north), Rectangle(-DateLine, south, east, north)]);
    }

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    private static Polygon Rectangle(double west, double south, double east, double north) =>
        Factory.CreatePolygon([new(west, south), new(east, south), new(east, north), new(west, north), new(west, south)]);
}
