using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.PhoneTrack;

/// <summary>
/// PhoneTrack's log calls: a query string or form whose names are <c>acc</c>, <c>bat</c>, <c>sat</c>, or JSON with
/// <c>points</c> as an array of arrays. Speeds are metres a second.
/// </summary>
internal sealed class PhoneTrackProtocol : IGpsProtocol
{
    private static readonly string[] Columns =
        ["lat", "lon", "timestamp", "alt", "acc", "bat", "sat", "useragent", "speed", "bearing"];

    public GpsProtocol Protocol => GpsProtocol.PhoneTrack;

    public bool Recognises(RequestShape shape) =>
        shape.IsJson
            ? shape.HasPointsAsArrays
            : shape.Parameters.HasAny("lat", "latitude") && shape.Parameters.HasAny("acc", "bat", "sat", "useragent");

    public void Parse(RequestShape shape, PointSink sink)
    {
        if (shape.IsJson)
        {
            FilePoints(shape.Body.Span, sink);
        }
        else
        {
            KeyValueMessage.File(shape.Parameters, SpeedUnit.MetresPerSecond, sink);
        }
    }

    public GpsReply Reply(PointSink sink) => GpsReply.Json("{}");

    public GpsRequest Restore(string raw) => GpsRequest.Post($"{{\"points\":[{raw}]}}");

    private static void FilePoints(ReadOnlySpan<byte> json, PointSink sink)
    {
        var reader = JsonTokens.Open(json);
        using var fix = new RawFix();
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isPoints = JsonTokens.Text(ref reader) == "points";
            reader.Read();
            if (!isPoints || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                FilePoint(json, ref reader, fix, sink);
            }
        }

        reader.Read();
    }

    private static void FilePoint(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, RawFix fix, PointSink sink)
    {
        var start = reader.TokenStartIndex;
        fix.Reset();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            for (var column = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; column++)
            {
                ReadColumn(column < Columns.Length ? Columns[column] : "", ref reader, fix);
            }
        }

        reader.Skip();
        sink.File(fix, JsonTokens.Raw(json, start, reader));
    }

    private static void ReadColumn(string column, ref Utf8JsonReader reader, RawFix fix)
    {
        switch (column)
        {
            case "":
                reader.Skip();
                break;
            case "sat" or "useragent" when reader.TokenType == JsonTokenType.Null:
                break;
            default:
                WebHostJson.PointFields.Read(column, ref reader, fix);
                break;
        }
    }
}
