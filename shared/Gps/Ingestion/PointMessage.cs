using System.Text.Json;
using System.Text.Json.Serialization;

namespace WebHost.Gps.Ingestion;

/// <summary>
/// How batches are written into a queue message. The body is the byte 1, the format's version, and then segments: a batch each,
/// or a part of one, behind its length. That makes joining what several requests sent a matter of copying bytes. A point takes
/// some 40 bytes where JSON takes 200. Bodies that begin with a brace are single batches in JSON, as they were written before
/// there were versions, and are read as well.
/// </summary>
/// <remarks>
/// A segment: the tenant's and the device's id (16 bytes each, big-endian), the time of receipt, the protocol, and then records
/// to its end. A tracker behind a gateway is a record before the others: the gateway's id and the tracker's name.
/// A record begins with its kind; a point goes on with flags that say which of its optional fields follow. Whole
/// numbers are LEB128, signed ones folded (zigzag), times are microseconds since 1970 (those of points as the difference to
/// the one before), coordinates doubles and other values singles, which is what the database keeps of them. Texts are UTF-8
/// behind their length; enumerations are written by name.
/// </remarks>
public static class PointMessage
{
    /// <summary>The content type of a message's body.</summary>
    public const string ContentType = "application/vnd.webhost.points";

    /// <summary>A batch is divided so that its segments are not much larger than this, in bytes; a single record may be.</summary>
    public const int SegmentBytes = 64_000;

    internal const byte Version = 1;

    /// <summary>What a body begins with before its segments: the version.</summary>
    internal const int HeadBytes = 1;

    /// <summary>Writes a batch; it is one segment unless it is large.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> ToSegments(PointBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var writer = new SegmentWriter(batch);
        foreach (var point in batch.Points)
        {
            writer.Write(point);
        }

        foreach (var heartbeat in batch.Heartbeats)
        {
            writer.Write(heartbeat);
        }

        foreach (var quarantined in batch.Quarantined)
        {
            writer.Write(quarantined);
        }

        return writer.Finish();
    }

    /// <summary>Joins segments to a message's body.</summary>
    public static byte[] Join(IReadOnlyCollection<ReadOnlyMemory<byte>> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        var body = new byte[HeadBytes + segments.Sum(segment => segment.Length)];
        body[0] = Version;
        var end = HeadBytes;
        foreach (var segment in segments)
        {
            segment.Span.CopyTo(body.AsSpan(end));
            end += segment.Length;
        }

        return body;
    }

    /// <summary>The batches of a message's body.</summary>
    /// <exception cref="FormatException">The body is in no format that this version knows.</exception>
    public static IReadOnlyList<PointBatch> Read(ReadOnlyMemory<byte> body) =>
        [.. ReadSegments(body).Select(segment => segment.Batch)];

    /// <summary>The batches of a message's body, each with the bytes that it is written in.</summary>
    /// <exception cref="FormatException">The body is in no format that this version knows.</exception>
    public static IReadOnlyList<PointSegment> ReadSegments(ReadOnlyMemory<byte> body)
    {
        if (body.Span is [(byte)'{', ..])
        {
            return [PointSegment.Write(ReadJson(body.Span))];
        }

        if (body.Span is not [Version, ..])
        {
            throw new FormatException(body.IsEmpty
                ? "The message is empty."
                : $"The message begins with {body.Span[0]}, which is no version that is known here.");
        }

        var segments = new List<PointSegment>();
        var rest = body[HeadBytes..];
        while (!rest.IsEmpty)
        {
            var reader = new SegmentReader(rest.Span);
            var batch = reader.ReadSegment();
            var length = rest.Length - reader.BytesLeft;
            segments.Add(new PointSegment(batch, rest[..length]));
            rest = rest[length..];
        }

        return segments;
    }

    private static PointBatch ReadJson(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, PointBatchJson.Default.PointBatch) is
            { Points: not null, Heartbeats: not null, Quarantined: not null } batch
                ? batch
                : throw new FormatException("The message is JSON, but no batch.");
        }
        catch (JsonException malformed)
        {
            throw new FormatException($"The message is no batch in JSON: {malformed.Message}", malformed);
        }
    }

    internal enum Record : byte
    {
        Point = 0,
        Heartbeat = 1,
        Quarantined = 2,

        /// <summary>Not a message but what the segment's device is called, once at most and before them.</summary>
        Tracker = 3,
    }

    [Flags]
    internal enum Fields : byte
    {
        None = 0,
        Altitude = 1,
        Speed = 2,
        Course = 4,
        Accuracy = 8,
        Battery = 16,
        Extras = 32,
        Hint = 64,

        /// <summary>The device calls itself as in the record before.</summary>
        SameHint = 128,
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PointBatch))]
internal sealed partial class PointBatchJson : JsonSerializerContext;
