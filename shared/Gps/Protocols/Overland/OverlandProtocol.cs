using System.Text.Json;
using WebHost.Gps.Protocols.GeoJson;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.Overland;

/// <summary>
/// Overland for iOS and Android: <c>{"locations":[Feature…]}</c>. <c>current</c> is a preview of a point that comes again and is
/// passed over. The app forgets a batch only on the body <c>{"result":"ok"}</c>, whatever the status.
/// </summary>
internal sealed class OverlandProtocol : IGpsProtocol
{
    public GpsProtocol Protocol => GpsProtocol.Overland;

    public bool Recognises(RequestShape shape) => shape.IsJson && !shape.IsJsonArray && shape.HasMember("locations");

    public void Parse(RequestShape shape, PointSink sink)
    {
        var json = shape.Body.Span;
        var reader = JsonTokens.Open(json);
        using var fix = new RawFix();
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isLocations = JsonTokens.Text(ref reader) == "locations";
            reader.Read();
            if (!isLocations)
            {
                reader.Skip();
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    FileFeature(json, ref reader, fix, sink);
                }
            }
            else
            {
                reader.Skip();
                sink.Quarantine(QuarantineReason.Unreadable, json);
            }
        }

        reader.Read();
    }

    public GpsReply Reply(PointSink sink) => GpsReply.Json("""{"result":"ok"}""");

    public GpsRequest Restore(string raw) => GpsRequest.Post($"{{\"locations\":[{raw}]}}");

    private static void FileFeature(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var start = reader.TokenStartIndex;
        fix.Reset();
        var isEvent = false;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = JsonTokens.Text(ref reader);
                reader.Read();
                switch (name)
                {
                    case "geometry":
                        var position = PointGeometry.Read(ref reader);
                        fix.Latitude = position.Latitude;
                        fix.Longitude = position.Longitude;
                        break;
                    case "properties" when reader.TokenType == JsonTokenType.StartObject:
                        isEvent = ReadProperties(ref reader, fix);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }

        reader.Skip();
        var raw = JsonTokens.Raw(json, start, reader);
        if (isEvent)
        {
            sink.FileHeartbeat(fix, raw);
        }
        else
        {
            sink.File(fix, raw);
        }
    }

    /// <summary>Reads the properties and tells whether they are of a trip, a visit or another event instead of a fix.</summary>
    private static bool ReadProperties(ref Utf8JsonReader reader, RawFix fix)
    {
        var isEvent = false;
        string? uniqueId = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "timestamp":
                    fix.SetTime(JsonTokens.Time(ref reader));
                    break;
                case "altitude":
                    fix.AltitudeM = JsonTokens.Number(ref reader);
                    break;
                case "speed":
                    fix.SpeedMps = JsonTokens.Number(ref reader);
                    break;
                case "course":
                    fix.CourseDegrees = JsonTokens.Number(ref reader);
                    break;
                case "horizontal_accuracy":
                    fix.AccuracyM = JsonTokens.Number(ref reader);
                    break;
                case "battery_level":
                    fix.BatteryPercent = JsonTokens.Number(ref reader) * 100;
                    break;
                case "device_id":
                    fix.DeviceHint = JsonTokens.Name(ref reader);
                    break;
                case "unique_id":
                    uniqueId = JsonTokens.Name(ref reader);
                    break;
                default:
                    isEvent |= name == "action" && reader.TokenType == JsonTokenType.String;
                    isEvent |= name == "type" && reader.TokenType == JsonTokenType.String && JsonTokens.Text(ref reader) == "trip";
                    fix.Extras.Copy(name, ref reader);
                    break;
            }
        }

        fix.DeviceHint ??= uniqueId;
        return isEvent;
    }
}
