using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace WebHost.Fleet;

/// <summary>Writes points as a GeoJSON FeatureCollection (RFC 7946) while they come in, in memory that does not grow with their number.</summary>
internal static class GeoJsonPoints
{
    /// <summary>Media type of GeoJSON.</summary>
    public const string MediaType = "application/geo+json";

    private const int FlushBytes = 32 * 1024;

    /// <summary>Writes the collection into the response.</summary>
    /// <param name="response">The response, to which nothing has been written yet.</param>
    /// <param name="points">The points.</param>
    /// <param name="next">Where to go on after the last of <paramref name="limit"/> points; written as the member "next".</param>
    /// <param name="limit">How many points make a full page.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    public static async Task WriteAsync(
        HttpResponse response,
        IAsyncEnumerable<StoredPoint> points,
        Func<StoredPoint, string> next,
        int limit,
        CancellationToken cancellationToken)
    {
        response.ContentType = MediaType;
        await using var json = new Utf8JsonWriter(response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("type"u8, "FeatureCollection"u8);
        json.WriteStartArray("features"u8);
        StoredPoint? last = null;
        var count = 0;
        await foreach (var point in points.WithCancellation(cancellationToken))
        {
            WriteFeature(json, point);
            last = point;
            count++;
            if (json.BytesPending > FlushBytes)
            {
                json.Flush();
                await response.BodyWriter.FlushAsync(cancellationToken);
            }
        }

        json.WriteEndArray();
        if (count == limit && last is not null)
        {
            json.WriteString("next"u8, next(last));
        }

        json.WriteEndObject();
        json.Flush();
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    private static void WriteFeature(Utf8JsonWriter json, StoredPoint point)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "Feature"u8);
        json.WriteStartObject("geometry"u8);
        json.WriteString("type"u8, "Point"u8);
        json.WriteStartArray("coordinates"u8);
        json.WriteNumberValue(point.Position.X);
        json.WriteNumberValue(point.Position.Y);
        if (point.AltitudeM is { } altitude)
        {
            json.WriteNumberValue(altitude);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("properties"u8);
        json.WriteString("deviceId"u8, point.DeviceId);
        json.WriteString("time"u8, point.Time.UtcDateTime);
        WriteNumber(json, "speed"u8, point.SpeedMps);
        WriteNumber(json, "course"u8, point.CourseDegrees);
        WriteNumber(json, "accuracy"u8, point.AccuracyM);
        WriteNumber(json, "battery"u8, point.BatteryPercent);
        json.WriteString("receivedAt"u8, point.ReceivedAt.UtcDateTime);
        if (point.Extras is { } extras)
        {
            json.WritePropertyName("extras"u8);
            json.WriteRawValue(extras, skipInputValidation: true);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, float? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
