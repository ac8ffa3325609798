using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.Flespi;

/// <summary>
/// A flespi stream: an array of flat messages from hardware trackers, of many devices at once. Speeds are km/h. Messages
/// without a valid position, or from a tracker that does not know the time yet, are telemetry and no points.
/// </summary>
internal sealed class FlespiProtocol : IGpsProtocol
{
    private const double MpsPerKmh = 1 / 3.6;

    // Trackers start their clocks at the year 2000 and run from there until they hear a satellite.
    private static readonly DateTimeOffset ClockIsSet = new(2000, 2, 1, 0, 0, 0, TimeSpan.Zero);

    public GpsProtocol Protocol => GpsProtocol.Flespi;

    public bool Recognises(RequestShape shape) =>
        shape.IsJsonArray && (shape.HasMember("ident") || shape.HasMember("position.latitude")) && !shape.HasMember("lat");

    public void Parse(RequestShape shape, PointSink sink)
    {
        var json = shape.Body.Span;
        var reader = JsonTokens.Open(json);
        using var fix = new RawFix();
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            FileMessage(json, ref reader, fix, sink);
        }

        reader.Read();
    }

    public GpsReply Reply(PointSink sink) => GpsReply.Empty;

    public GpsRequest Restore(string raw) => GpsRequest.Post($"[{raw}]");

    private static void FileMessage(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var start = reader.TokenStartIndex;
        fix.Reset();
        var isInvalid = false;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = JsonTokens.Text(ref reader);
                reader.Read();
                isInvalid |= name == "position.valid" && reader.TokenType == JsonTokenType.False;
                ReadParameter(name, ref reader, fix);
            }
        }

        reader.Skip();
        var raw = JsonTokens.Raw(json, start, reader);
        if (isInvalid || fix.Time < ClockIsSet || fix is { Latitude: 0, Longitude: 0 })
        {
            sink.FileHeartbeat(fix, raw);
        }
        else
        {
            sink.File(fix, raw);
        }
    }

    private static void ReadParameter(string name, ref Utf8JsonReader reader, RawFix fix)
    {
        switch (name)
        {
            case "ident":
                fix.DeviceHint = JsonTokens.Name(ref reader);
                break;
            case "timestamp":
                fix.SetTime(JsonTokens.Time(ref reader));
                break;
            case "position.latitude":
                fix.Latitude = JsonTokens.Number(ref reader);
                break;
            case "position.longitude":
                fix.Longitude = JsonTokens.Number(ref reader);
                break;
            case "position.altitude":
                fix.AltitudeM = JsonTokens.Number(ref reader);
                break;
            case "position.speed":
                fix.SpeedMps = JsonTokens.Number(ref reader) * MpsPerKmh;
                break;
            case "position.direction":
                fix.CourseDegrees = JsonTokens.Number(ref reader);
                break;
            case "battery.level":
                fix.BatteryPercent = JsonTokens.Number(ref reader);
                break;
            default:
                fix.Extras.Copy(name, ref reader);
                break;
        }
    }
}
