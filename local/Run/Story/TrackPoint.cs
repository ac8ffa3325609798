using System.Text.Json;

namespace WebHost.Local.Run.Story;

/// <summary>A feature of positions or of a track.</summary>
/// <param name="Speed">m/s.</param>
/// <param name="Course">Degrees from north.</param>
internal sealed record TrackPoint(
    string? DeviceId, DateTimeOffset Time, double Latitude, double Longitude, double? Speed, double? Course)
{
    public static TrackPoint Of(JsonElement feature)
    {
        var coordinates = feature.GetProperty("geometry").GetProperty("coordinates");
        var properties = feature.GetProperty("properties");
        return new(
            properties.TryGetProperty("deviceId", out var deviceId) ? deviceId.GetString() : null,
            properties.GetProperty("time").GetDateTimeOffset(),
            coordinates[1].GetDouble(),
            coordinates[0].GetDouble(),
            Number(properties, "speed"),
            Number(properties, "course"));
    }

    private static double? Number(JsonElement properties, string name) =>
        properties.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
