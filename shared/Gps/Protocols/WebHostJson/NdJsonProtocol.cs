using System.Text.Json;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.WebHostJson;

/// <summary>Our own points, one object a line. A line that cannot be read does not spoil the others.</summary>
internal sealed class NdJsonProtocol : IGpsProtocol
{
    public GpsProtocol Protocol => GpsProtocol.NdJson;

    public bool Recognises(RequestShape shape) => shape.IsJsonSequence;

    public void Parse(RequestShape shape, PointSink sink)
    {
        var body = shape.Body.Span;
        using var fix = new RawFix();
        foreach (var range in body.Split((byte)'\n'))
        {
            var line = body[range].Trim(" \t\r"u8);
            if (!line.IsEmpty)
            {
                FileLine(line, fix, sink);
            }
        }
    }

    public GpsReply Reply(PointSink sink) => PointFields.Summarise(sink);

    private static void FileLine(ReadOnlySpan<byte> line, RawFix fix, PointSink sink)
    {
        if (!IsOneValue(line))
        {
            sink.Quarantine(QuarantineReason.Unreadable, line);
            return;
        }

        var reader = JsonTokens.Open(line);
        reader.Read();
        PointFields.FileElement(line, ref reader, fix, sink);
    }

    // A point is filed only once its line is known to be whole.
    private static bool IsOneValue(ReadOnlySpan<byte> line)
    {
        var reader = JsonTokens.Open(line);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
