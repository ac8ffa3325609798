using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.WebHostJson;

/// <summary>Our own JSON: one point, an array of points, or an object whose <c>points</c> is one.</summary>
internal sealed class JsonProtocol : IGpsProtocol
{
    public GpsProtocol Protocol => GpsProtocol.Json;

    public bool Recognises(RequestShape shape) => shape.IsJson;

    public void Parse(RequestShape shape, PointSink sink)
    {
        var json = shape.Body.Span;
        var reader = JsonTokens.Open(json);
        using var fix = new RawFix();
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            FileArray(json, ref reader, fix, sink);
        }
        else
        {
            FileObject(json, ref reader, fix, sink);
        }

        // Whatever follows the value makes the body no JSON, and the reader says so.
        reader.Read();
    }

    public GpsReply Reply(PointSink sink) => PointFields.Summarise(sink);

    public GpsRequest Restore(string raw) => GpsRequest.Post($"[{raw}]");

    private static void FileArray(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            PointFields.FileElement(json, ref reader, fix, sink);
        }
    }

    private static void FileObject(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var start = reader.TokenStartIndex;
        var hasPoints = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTokens.Text(ref reader);
            reader.Read();
            if (name != "points")
            {
                PointFields.Read(name, ref reader, fix);
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                hasPoints = true;
                using var element = new RawFix();
                FileArray(json, ref reader, element, sink);
            }
            else
            {
                sink.Fail("points must be an array of points such as {\"time\":\"2026-01-31T12:00:00Z\",\"lat\":46.1,\"lon\":14.5}.");
                reader.Skip();
            }
        }

        if (fix.HasAny)
        {
            sink.File(fix, JsonTokens.Raw(json, start, reader));
        }
        else if (!hasPoints)
        {
            sink.Fail(
                "The object is no point. Send time, lat and lon, an array of such points, or {\"points\":[…]}.");
        }
    }
}
