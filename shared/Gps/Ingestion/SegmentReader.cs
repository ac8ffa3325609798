using System.Buffers.Binary;
using System.Text;
using WebHost.Json;
using static WebHost.Gps.Ingestion.PointMessage;

namespace WebHost.Gps.Ingestion;

/// <summary>
/// Reads segments in the form that <see cref="PointMessage"/> describes. Whatever else it finds is a <see cref="FormatException"/>.
/// </summary>
internal ref struct SegmentReader(ReadOnlySpan<byte> rest)
{
    private const int IdBytes = 16;

    private ReadOnlySpan<byte> _rest = rest;
    private long _lastTime;
    private string? _lastHint;

    public readonly int BytesLeft => _rest.Length;

    public PointBatch ReadSegment()
    {
        var segment = new SegmentReader(Take(Length()));
        var tenantId = segment.Id();
        var deviceId = segment.Id();
        var receivedAt = segment.Time();
        var protocol = segment.Name<GpsProtocol>();
        var points = new List<GpsPoint>(1);
        List<GpsHeartbeat>? heartbeats = null;
        List<QuarantinedPoint>? quarantined = null;
        TrackerName? tracker = null;
        while (segment.BytesLeft > 0)
        {
            switch ((Record)segment.Byte())
            {
                case Record.Point:
                    points.Add(segment.Point());
                    break;
                case Record.Heartbeat:
                    (heartbeats ??= []).Add(segment.Heartbeat());
                    break;
                case Record.Quarantined:
                    (quarantined ??= []).Add(segment.Quarantined());
                    break;
                case Record.Tracker:
                    tracker = new TrackerName(segment.Id(), segment.Text());
                    break;
                case var unknown:
                    throw new FormatException($"A segment holds a record of kind {(byte)unknown}, which is not known here.");
            }
        }

        return new PointBatch(tenantId, deviceId, receivedAt, protocol, points, heartbeats ?? [], quarantined ?? [], tracker);
    }

    private GpsPoint Point()
    {
        var fields = (Fields)Byte();
        var time = Time();
        var latitude = BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));
        var longitude = BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));
        var altitude = Single(fields, Fields.Altitude);
        var speed = Single(fields, Fields.Speed);
        var course = Single(fields, Fields.Course);
        var accuracy = Single(fields, Fields.Accuracy);
        var battery = Single(fields, Fields.Battery);
        var hint = Hint(fields);
        return new GpsPoint(time, latitude, longitude, altitude, speed, course, accuracy, battery, hint, Extras(fields));
    }

    private GpsHeartbeat Heartbeat()
    {
        var fields = (Fields)Byte();
        var time = Time();
        var battery = Single(fields, Fields.Battery);
        var hint = Hint(fields);
        return new GpsHeartbeat(time, battery, hint, Extras(fields));
    }

    private QuarantinedPoint Quarantined()
    {
        var fields = (Fields)Byte();
        var reason = Name<QuarantineReason>();
        var raw = Text();
        return new QuarantinedPoint(reason, raw, Hint(fields));
    }

    private string? Hint(Fields fields)
    {
        if (fields.HasFlag(Fields.Hint))
        {
            _lastHint = Text();
            return _lastHint;
        }

        return fields.HasFlag(Fields.SameHint) ? _lastHint : null;
    }

    private string? Extras(Fields fields) => fields.HasFlag(Fields.Extras) ? Text() : null;

    private Guid Id() => new(Take(IdBytes), bigEndian: true);

    private double? Single(Fields fields, Fields field) =>
        fields.HasFlag(field) ? BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float))) : null;

    private DateTimeOffset Time()
    {
        var folded = Number();
        _lastTime = unchecked(_lastTime + ((long)(folded >> 1) ^ -(long)(folded & 1)));
        var largest = (DateTimeOffset.MaxValue.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;
        var smallest = -(DateTimeOffset.UnixEpoch.UtcTicks / TimeSpan.TicksPerMicrosecond);
        return _lastTime >= smallest && _lastTime <= largest
            ? DateTimeOffset.UnixEpoch.AddTicks(_lastTime * TimeSpan.TicksPerMicrosecond)
            : throw new FormatException($"A time is {_lastTime} microseconds from 1970, which is outside the calendar.");
    }

    private T Name<T>()
        where T : struct, Enum
    {
        var name = Text();
        return WireName.TryParse<T>(name, out var value)
            ? value
            : throw new FormatException($"'{name}' is no {typeof(T).Name} that is known here.");
    }

    private string Text() => Encoding.UTF8.GetString(Take(Length()));

    private int Length() => Number() is var length && length <= (ulong)_rest.Length
        ? (int)length
        : throw new FormatException("A segment is cut off.");

    private byte Byte() => Take(1)[0];

    private ulong Number()
    {
        const int mostBits = 64;
        var value = 0UL;
        for (var shift = 0; shift < mostBits; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new FormatException("A number has more than ten bytes.");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new FormatException("A segment is cut off.");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
