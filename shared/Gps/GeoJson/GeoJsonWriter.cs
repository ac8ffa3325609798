using System.Globalization;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace WebHost.Gps.GeoJson;

/// <summary>
/// Writes positions and tracks as GeoJSON (RFC 7946) while they are read, holding no more than a few kilobytes. Coordinates
/// are longitude, latitude and, where known, metres of altitude; speeds are metres a second, times ISO 8601 in UTC.
/// </summary>
public static class GeoJsonWriter
{
    /// <summary>The content type of everything written here.</summary>
    public const string ContentType = "application/geo+json";

    private const int FlushAtBytes = 16 * 1024;
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a FeatureCollection with one Point for each device.</summary>
    public static Task WritePositionsAsync(
        PipeWriter output, IAsyncEnumerable<DevicePosition> positions, CancellationToken cancellationToken) =>
        WriteCollectionAsync(
            output,
            positions,
            static (json, position) => WriteFeature(json, position.Point, position.DeviceId, position),
            cancellationToken);

    /// <summary>Writes a FeatureCollection with one Point for each point of several devices, in the order given.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="points">The points.</param>
    /// <param name="next">As for <see cref="WriteTrackPointsAsync"/>.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    public static Task WritePointsAsync(
        PipeWriter output,
        IAsyncEnumerable<DevicePoint> points,
        Func<DevicePoint, string?> next,
        CancellationToken cancellationToken) =>
        WriteCollectionAsync(
            output,
            points,
            static (json, point) => WriteFeature(json, point.Point, point.DeviceId.ToString()),
            cancellationToken,
            next);

    /// <summary>Writes a FeatureCollection with one Point for each point of a track, in the order given.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="track">The points.</param>
    /// <param name="next">
    /// Given the last point, where the track goes on, or null; written as the collection's member <c>next</c>.
    /// </param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    public static Task WriteTrackPointsAsync(
        PipeWriter output,
        IAsyncEnumerable<GpsPoint> track,
        Func<GpsPoint, string?> next,
        CancellationToken cancellationToken) =>
        WriteCollectionAsync(
            output, track, static (json, point) => WriteFeature(json, point), cancellationToken, next);

    /// <summary>
    /// Writes a Feature whose geometry is the track as a LineString, with <c>deviceId</c>, <c>from</c>, <c>to</c> and
    /// <c>points</c> as properties. A track of a single point is a Point, since a line needs two; an empty one has no geometry.
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="deviceId">Whose track it is.</param>
    /// <param name="track">The points.</param>
    /// <param name="next">As for <see cref="WriteTrackPointsAsync"/>; written as the Feature's member <c>next</c>.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    public static async Task WriteTrackLineAsync(
        PipeWriter output,
        string deviceId,
        IAsyncEnumerable<GpsPoint> track,
        Func<GpsPoint, string?> next,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(deviceId);
        ArgumentNullException.ThrowIfNull(track);
        await using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("type", "Feature");
        GpsPoint? first = null;
        GpsPoint? last = null;
        var count = 0L;
        await foreach (var point in track.WithCancellation(cancellationToken))
        {
            count++;
            if (count == 2)
            {
                BeginLine(json);
                WriteCoordinates(json, first!);
            }

            if (count > 1)
            {
                WriteCoordinates(json, point);
            }

            first ??= point;
            last = point;
            await FlushWhenFullAsync(json, output, cancellationToken);
        }

        if (count > 1)
        {
            json.WriteEndArray();
            json.WriteEndObject();
        }
        else
        {
            WriteGeometry(json, first);
        }

        json.WriteStartObject("properties");
        json.WriteString("deviceId", deviceId);
        WriteTime(json, "from", first);
        WriteTime(json, "to", last);
        json.WriteNumber("points", count);
        json.WriteEndObject();
        if (last is not null && next(last) is { } link)
        {
            json.WriteString("next", link);
        }

        json.WriteEndObject();
        await json.FlushAsync(cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    private static async Task WriteCollectionAsync<T>(
        PipeWriter output, IAsyncEnumerable<T> items, Action<Utf8JsonWriter, T> write, CancellationToken cancellationToken,
        Func<T, string?>? next = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(items);
        await using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("type", "FeatureCollection");
        json.WriteStartArray("features");
        T? last = null;
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            write(json, item);
            last = item;
            await FlushWhenFullAsync(json, output, cancellationToken);
        }

        json.WriteEndArray();
        if (last is not null && next?.Invoke(last) is { } link)
        {
            json.WriteString("next", link);
        }

        json.WriteEndObject();
        await json.FlushAsync(cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    // Flushing the pipe waits for a slow reader: that is what bounds the memory.
    private static async ValueTask FlushWhenFullAsync(
        Utf8JsonWriter json, PipeWriter output, CancellationToken cancellationToken)
    {
        if (json.BytesPending + output.UnflushedBytes >= FlushAtBytes)
        {
            await json.FlushAsync(cancellationToken);
            await output.FlushAsync(cancellationToken);
        }
    }

    private static void WriteFeature(
        Utf8JsonWriter json, GpsPoint point, string? deviceId = null, DevicePosition? device = null)
    {
        json.WriteStartObject();
        json.WriteString("type", "Feature");
        if (device is not null)
        {
            json.WriteString("id", device.DeviceId);
        }

        WriteGeometry(json, point);
        json.WriteStartObject("properties");
        if (deviceId is not null)
        {
            json.WriteString("deviceId", deviceId);
        }

        if (device is not null)
        {
            json.WriteString("deviceName", device.DeviceName);
            json.WriteString("vehicleId", device.VehicleId);
        }

        WriteTime(json, "time", point);
        WriteNumber(json, "speed", point.SpeedMps);
        WriteNumber(json, "course", point.CourseDegrees);
        WriteNumber(json, "accuracy", point.AccuracyM);
        WriteNumber(json, "battery", point.BatteryPercent);
        if (point.Extras is { } extras)
        {
            json.WritePropertyName("extras");
            json.WriteRawValue(extras);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteGeometry(Utf8JsonWriter json, GpsPoint? point)
    {
        if (point is null)
        {
            json.WriteNull("geometry");
            return;
        }

        json.WriteStartObject("geometry");
        json.WriteString("type", "Point");
        json.WritePropertyName("coordinates");
        WriteCoordinates(json, point);
        json.WriteEndObject();
    }

    private static void BeginLine(Utf8JsonWriter json)
    {
        json.WriteStartObject("geometry");
        json.WriteString("type", "LineString");
        json.WriteStartArray("coordinates");
    }

    private static void WriteCoordinates(Utf8JsonWriter json, GpsPoint point)
    {
        json.WriteStartArray();
        json.WriteNumberValue(point.Longitude);
        json.WriteNumberValue(point.Latitude);
        if (point.AltitudeM is { } altitude)
        {
            json.WriteNumberValue(altitude);
        }

        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteTime(Utf8JsonWriter json, string name, GpsPoint? point)
    {
        if (point is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteString(
            name, point.Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
    }
}
