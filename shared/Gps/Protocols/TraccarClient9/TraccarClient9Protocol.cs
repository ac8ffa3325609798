using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.TraccarClient9;

/// <summary>
/// Traccar Client 9 and other apps on the same location library: <c>{"location":{…},"device_id":…}</c>, <c>location</c> being
/// an array when the library sends batches. Metres a second, battery from 0 to 1, -1 for unknown.
/// </summary>
internal sealed class TraccarClient9Protocol : IGpsProtocol
{
    public GpsProtocol Protocol => GpsProtocol.TraccarClient9;

    public bool Recognises(RequestShape shape) =>
        shape.IsJson && !shape.IsJsonArray && shape.HasMember("location") && !shape.HasMember("lat");

    public void Parse(RequestShape shape, PointSink sink)
    {
        var json = shape.Body.Span;
        var deviceId = FindDeviceId(json);
        var reader = JsonTokens.Open(json);
        using var fix = new RawFix();
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isLocation = JsonTokens.Text(ref reader) == "location";
            reader.Read();
            if (!isLocation)
            {
                reader.Skip();
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    FileLocation(json, deviceId, ref reader, fix, sink);
                }
            }
            else
            {
                FileLocation(json, deviceId, ref reader, fix, sink);
            }
        }
    }

    public GpsReply Reply(PointSink sink) => GpsReply.Empty;

    public GpsRequest Restore(string raw) => GpsRequest.Post($"{{\"location\":{raw}}}");

    /// <summary>The id comes after the locations; this also proves the body whole before anything is filed.</summary>
    private static string? FindDeviceId(ReadOnlySpan<byte> json)
    {
        var reader = JsonTokens.Open(json);
        string? deviceId = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isDeviceId = JsonTokens.Text(ref reader) == "device_id";
            reader.Read();
            if (isDeviceId)
            {
                deviceId = JsonTokens.Name(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        reader.Read();
        return deviceId;
    }

    private static void FileLocation(
        ReadOnlySpan<byte> json, string? deviceId, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var start = reader.TokenStartIndex;
        fix.Reset();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            sink.Quarantine(QuarantineReason.Unreadable, JsonTokens.Raw(json, start, reader), deviceId);
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "timestamp":
                    fix.SetTime(JsonTokens.Time(ref reader));
                    break;
                case "coords" when reader.TokenType == JsonTokenType.StartObject:
                    ReadCoordinates(ref reader, fix);
                    break;
                case "battery" when reader.TokenType == JsonTokenType.StartObject:
                    ReadBattery(ref reader, fix);
                    break;
                case "_":
                    // The same once more as a query string, for servers that read nothing else.
                    reader.Skip();
                    break;
                default:
                    fix.Extras.Copy(name, ref reader);
                    break;
            }
        }

        fix.DeviceHint = deviceId;
        sink.File(fix, JsonTokens.Raw(json, start, reader));
    }

    private static void ReadCoordinates(ref Utf8JsonReader reader, RawFix fix)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "latitude":
                    fix.Latitude = JsonTokens.Number(ref reader);
                    break;
                case "longitude":
                    fix.Longitude = JsonTokens.Number(ref reader);
                    break;
                case "altitude":
                    fix.AltitudeM = JsonTokens.Number(ref reader);
                    break;
                case "speed":
                    fix.SpeedMps = JsonTokens.Number(ref reader);
                    break;
                case "heading":
                    fix.CourseDegrees = JsonTokens.Number(ref reader);
                    break;
                case "accuracy":
                    fix.AccuracyM = JsonTokens.Number(ref reader);
                    break;
                default:
                    fix.Extras.Copy(name, ref reader);
                    break;
            }
        }
    }

    private static void ReadBattery(ref Utf8JsonReader reader, RawFix fix)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            if (name == "level")
            {
                fix.BatteryPercent = JsonTokens.Number(ref reader) * 100;
            }
            else
            {
                fix.Extras.Copy(name, ref reader);
            }
        }
    }
}
