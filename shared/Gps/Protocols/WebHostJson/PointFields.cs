using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.WebHostJson;

/// <summary>The names of our own JSON: SI units, percent, and every name beyond them an extra.</summary>
internal static class PointFields
{
    /// <summary>Reads the value of one member, on which the reader stands.</summary>
    public static void Read(string name, ref Utf8JsonReader reader, RawFix fix)
    {
        switch (name)
        {
            case "time" or "timestamp":
                fix.SetTime(JsonTokens.Time(ref reader));
                break;
            case "lat" or "latitude":
                fix.Latitude = JsonTokens.Number(ref reader);
                break;
            case "lon" or "lng" or "longitude":
                fix.Longitude = JsonTokens.Number(ref reader);
                break;
            case "altitude" or "alt":
                fix.AltitudeM = JsonTokens.Number(ref reader);
                break;
            case "speed":
                fix.SpeedMps = JsonTokens.Number(ref reader);
                break;
            case "course" or "bearing" or "heading":
                fix.CourseDegrees = JsonTokens.Number(ref reader);
                break;
            case "accuracy" or "acc":
                fix.AccuracyM = JsonTokens.Number(ref reader);
                break;
            case "battery" or "batt" or "bat":
                fix.BatteryPercent = JsonTokens.Number(ref reader);
                break;
            case "deviceId":
                fix.DeviceHint = JsonTokens.Name(ref reader);
                break;
            default:
                fix.Extras.Copy(name, ref reader);
                break;
        }
    }

    /// <summary>Files one element of an array: a point if it is an object.</summary>
    public static void FileElement(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var start = reader.TokenStartIndex;
        fix.Reset();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = JsonTokens.Text(ref reader);
                reader.Read();
                Read(name, ref reader, fix);
            }

            sink.File(fix, JsonTokens.Raw(json, start, reader));
        }
        else
        {
            reader.Skip();
            sink.Quarantine(QuarantineReason.Unreadable, JsonTokens.Raw(json, start, reader));
        }
    }

    /// <summary>How many points came in, and why others did not: for people and scripts that write our own JSON.</summary>
    public static GpsReply Summarise(PointSink sink)
    {
        var reasons = sink.QuarantineReasons.ToDictionary(pair => Json.WireName.Of(pair.Key), pair => pair.Value);
        return GpsReply.Json(JsonSerializer.Serialize(
            new { accepted = sink.PointCount, quarantined = reasons.Values.Sum(), reasons }));
    }
}
