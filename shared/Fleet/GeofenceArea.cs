using System.Text.Json;
using NetTopologySuite.Geometries;
using NetTopologySuite.IO.Converters;
using NetTopologySuite.Operation.Valid;

namespace WebHost.Fleet;

/// <summary>Reads and writes a geofence's area as a GeoJSON geometry (RFC 7946): a Polygon or MultiPolygon in WGS84.</summary>
public static class GeofenceArea
{
    /// <summary>An area has at most so many positions, those that close its rings included; our choice.</summary>
    public const int MostPositions = 1_000;

    private const int Wgs84 = 4326;
    private const string Coordinates = "coordinates";
    private static readonly GeometryFactory Factory = new(new PrecisionModel(), Wgs84);
    private static readonly JsonSerializerOptions GeoJson = new() { Converters = { new GeoJsonConverterFactory() } };

    /// <summary>Reads a GeoJSON geometry.</summary>
    /// <param name="json">The geometry.</param>
    /// <param name="path">The path of <paramref name="json"/> in the request; faults are named below it.</param>
    /// <param name="faults">Takes every fault found, by the path of the member at fault.</param>
    /// <returns>The area, or null when there are faults.</returns>
    public static Geometry? Read(JsonElement json, string path, IDictionary<string, string[]> faults)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(faults);
        if (json.ValueKind != JsonValueKind.Object)
        {
            faults[path] = ["Send a GeoJSON geometry: {\"type\": \"Polygon\", \"coordinates\": [[[lon, lat], …]]}."];
            return null;
        }

        var reader = new Reader($"{path}.{Coordinates}", faults);
        string? type;
        JsonElement coordinates;
        try
        {
            type = json.TryGetProperty("type", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
            json.TryGetProperty(Coordinates, out coordinates);
        }
        catch (InvalidOperationException)
        {
            // Such a text passes as JSON and throws when it is read.
            faults[path] = ["A text in it has half of a surrogate pair (\\uD800 to \\uDFFF). Send whole characters."];
            return null;
        }

        Geometry? area = type switch
        {
            "Polygon" => reader.ReadPolygon(coordinates, $"{path}.{Coordinates}"),
            "MultiPolygon" => reader.ReadMultiPolygon(coordinates, $"{path}.{Coordinates}"),
            _ => reader.Refuse<Geometry>($"{path}.type", "An area is a Polygon or a MultiPolygon."),
        };
        return area is null ? null : CheckShape(area, path, faults);
    }

    /// <summary>Writes an area as a GeoJSON geometry.</summary>
    public static JsonElement Write(Geometry area) => JsonSerializer.SerializeToElement(area, GeoJson);

    private static Geometry? CheckShape(Geometry area, string path, IDictionary<string, string[]> faults)
    {
        var validity = new IsValidOp(area);
        if (validity.IsValid)
        {
            return area;
        }

        var error = validity.ValidationError;
        faults[$"{path}.{Coordinates}"] =
            [FormattableString.Invariant($"{Describe(error.ErrorType)} at [{error.Coordinate.X}, {error.Coordinate.Y}].")];
        return null;
    }

    private static string Describe(TopologyValidationErrors error) => error switch
    {
        TopologyValidationErrors.SelfIntersection or TopologyValidationErrors.RingSelfIntersection => "The outline crosses or touches itself",
        TopologyValidationErrors.HoleOutsideShell => "A hole lies outside of its polygon",
        TopologyValidationErrors.NestedHoles => "A hole lies within another",
        TopologyValidationErrors.NestedShells => "A polygon lies within another",
        TopologyValidationErrors.DisconnectedInteriors => "Holes cut the polygon into pieces",
        TopologyValidationErrors.DuplicateRings => "A ring is there twice",
        _ => "The area is not valid",
    };

    /// <summary>Reads nested arrays of coordinates, noting every fault, up to the limit of positions.</summary>
    private sealed class Reader(string limitPath, IDictionary<string, string[]> faults)
    {
        private int _positions;

        private bool IsFull => _positions > MostPositions;

        public MultiPolygon? ReadMultiPolygon(JsonElement json, string path) =>
            ReadAll(json, path, ReadPolygon, "polygons") is { } polygons ? Factory.CreateMultiPolygon(polygons) : null;

        public Polygon? ReadPolygon(JsonElement json, string path) =>
            ReadAll(json, path, ReadRing, "rings, the outline first") is { } rings
                ? Factory.CreatePolygon(rings[0], rings[1..])
                : null;

        public T? Refuse<T>(string path, string fault)
            where T : class
        {
            faults[path] = [fault];
            return null;
        }

        private LinearRing? ReadRing(JsonElement json, string path)
        {
            if (ReadAll(json, path, ReadPosition, "positions") is not { } positions)
            {
                return null;
            }

            if (positions.Length < 4)
            {
                return Refuse<LinearRing>(path, $"A ring has at least 4 positions, the last equal to the first; this has {positions.Length}.");
            }

            return positions[0].Equals2D(positions[^1])
                ? Factory.CreateLinearRing(positions)
                : Refuse<LinearRing>(path, "A ring is closed: repeat its first position as its last.");
        }

        private Coordinate? ReadPosition(JsonElement json, string path)
        {
            if (++_positions > MostPositions)
            {
                return Refuse<Coordinate>(limitPath, $"An area has at most {MostPositions:N0} positions; draw it with fewer.");
            }

            if (json.ValueKind != JsonValueKind.Array
                || json.GetArrayLength() != 2
                || !TryGetNumber(json[0], out var longitude)
                || !TryGetNumber(json[1], out var latitude))
            {
                return Refuse<Coordinate>(path, "A position is [longitude, latitude], two numbers.");
            }

            return Math.Abs(longitude) <= 180 && Math.Abs(latitude) <= 90
                ? new Coordinate(longitude, latitude)
                : Refuse<Coordinate>(path, "A longitude is from -180 to 180 and a latitude from -90 to 90, in this order.");
        }

        private static bool TryGetNumber(JsonElement json, out double number)
        {
            number = double.NaN;
            return json.ValueKind == JsonValueKind.Number && json.TryGetDouble(out number) && double.IsFinite(number);
        }

        // All entries of an array, or null when the array or one of them is at fault.
        private T[]? ReadAll<T>(JsonElement json, string path, Func<JsonElement, string, T?> read, string content)
            where T : class
        {
            if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0)
            {
                return Refuse<T[]>(path, $"Here belongs an array of {content}.");
            }

            var entries = new List<T>();
            var count = 0;
            foreach (var entry in json.EnumerateArray())
            {
                if (read(entry, $"{path}[{count++}]") is { } found)
                {
                    entries.Add(found);
                }

                if (IsFull)
                {
                    break;
                }
            }

            return entries.Count == count && !IsFull ? [.. entries] : null;
        }
    }
}
