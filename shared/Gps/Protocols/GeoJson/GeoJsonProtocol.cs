using System.Text.Json;
using WebHost.Gps.Protocols.WebHostJson;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.GeoJson;

/// <summary>
/// GeoJSON (RFC 7946): a Feature or a FeatureCollection of Points, whose properties have the names of our own JSON. Positions
/// are longitude, latitude and perhaps metres of altitude.
/// </summary>
internal sealed class GeoJsonProtocol : IGpsProtocol
{
    public GpsProtocol Protocol => GpsProtocol.GeoJson;

    public bool Recognises(RequestShape shape) =>
        shape.IsJson && !shape.IsJsonArray && !shape.IsJsonSequence
        && (shape.JsonType is "Feature" or "FeatureCollection" || shape.HasMember("features"));

    public void Parse(RequestShape shape, PointSink sink)
    {
        var json = shape.Body.Span;
        var reader = JsonTokens.Open(json);
        using var fix = new RawFix();
        reader.Read();
        if (shape.JsonType == "Feature")
        {
            FileFeature(json, ref reader, fix, sink);
        }
        else
        {
            FileCollection(json, ref reader, fix, sink);
        }

        // Whatever follows the value makes the body no JSON, and the reader says so.
        reader.Read();
    }

    public GpsReply Reply(PointSink sink) => PointFields.Summarise(sink);

    public GpsRequest Restore(string raw) => GpsRequest.Post($"{{\"type\":\"FeatureCollection\",\"features\":[{raw}]}}");

    private static void FileCollection(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var hasFeatures = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isFeatures = JsonTokens.Text(ref reader) == "features";
            reader.Read();
            if (!isFeatures || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            hasFeatures = true;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                FileFeature(json, ref reader, fix, sink);
            }
        }

        if (!hasFeatures)
        {
            sink.Fail("A FeatureCollection needs features, an array of Features whose geometry is a Point.");
        }
    }

    private static void FileFeature(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var start = reader.TokenStartIndex;
        fix.Reset();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            sink.Quarantine(QuarantineReason.Unreadable, JsonTokens.Raw(json, start, reader));
            return;
        }

        var position = default(PointGeometry);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "geometry":
                    position = PointGeometry.Read(ref reader);
                    break;
                case "properties" when reader.TokenType == JsonTokenType.StartObject:
                    ReadProperties(ref reader, fix);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        // The geometry is the position, whatever the properties call lat and lon.
        fix.Latitude = position.Latitude;
        fix.Longitude = position.Longitude;
        fix.AltitudeM ??= position.AltitudeM;
        sink.File(fix, JsonTokens.Raw(json, start, reader));
    }

    private static void ReadProperties(ref Utf8JsonReader reader, RawFix fix)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            PointFields.Read(name, ref reader, fix);
        }
    }
}
