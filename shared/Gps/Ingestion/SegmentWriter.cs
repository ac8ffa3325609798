using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using WebHost.Json;
using static WebHost.Gps.Ingestion.PointMessage;

namespace WebHost.Gps.Ingestion;

/// <summary>Writes the segments of one batch, in the form that <see cref="PointMessage"/> describes.</summary>
internal sealed class SegmentWriter
{
    private const int IdBytes = 16;
    private const int LongestNumber = 10;

    // A batch is written in one go, so that the buffer of a thread's last one serves its next.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _spare;

    private readonly PointBatch _batch;
    private readonly List<ReadOnlyMemory<byte>> _finished = new(1);
    private readonly ArrayBufferWriter<byte> _segment;
    private long _lastTime;
    private string? _lastHint;

    public SegmentWriter(PointBatch batch)
    {
        _batch = batch;
        _segment = _spare ?? new ArrayBufferWriter<byte>();
        _spare = null;
    }

    public void Write(GpsPoint point)
    {
        Begin(Record.Point);
        var hint = HintFlag(point.DeviceHint);
        var fields = hint
            | Flag(Fields.Altitude, point.AltitudeM) | Flag(Fields.Speed, point.SpeedMps)
            | Flag(Fields.Course, point.CourseDegrees) | Flag(Fields.Accuracy, point.AccuracyM)
            | Flag(Fields.Battery, point.BatteryPercent) | (point.Extras is null ? Fields.None : Fields.Extras);
        Byte((byte)fields);
        Time(point.Time);
        Double(point.Latitude);
        Double(point.Longitude);
        Single(point.AltitudeM);
        Single(point.SpeedMps);
        Single(point.CourseDegrees);
        Single(point.AccuracyM);
        Single(point.BatteryPercent);
        Rest(hint, point.DeviceHint, point.Extras);
    }

    public void Write(GpsHeartbeat heartbeat)
    {
        Begin(Record.Heartbeat);
        var hint = HintFlag(heartbeat.DeviceHint);
        Byte((byte)(hint | Flag(Fields.Battery, heartbeat.BatteryPercent)
            | (heartbeat.Extras is null ? Fields.None : Fields.Extras)));
        Time(heartbeat.Time);
        Single(heartbeat.BatteryPercent);
        Rest(hint, heartbeat.DeviceHint, heartbeat.Extras);
    }

    public void Write(QuarantinedPoint quarantined)
    {
        Begin(Record.Quarantined);
        var hint = HintFlag(quarantined.DeviceHint);
        Byte((byte)hint);
        Text(WireName.Of(quarantined.Reason));
        Text(quarantined.Raw);
        Rest(hint, quarantined.DeviceHint, extras: null);
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> Finish()
    {
        if (_segment.WrittenCount > 0)
        {
            EndSegment();
        }

        _spare = _segment;
        return _finished;
    }

    private void Begin(Record kind)
    {
        if (_segment.WrittenCount >= SegmentBytes)
        {
            EndSegment();
        }

        if (_segment.WrittenCount == 0)
        {
            Id(_batch.TenantId);
            Id(_batch.DeviceId);
            _lastTime = 0;
            _lastHint = null;
            Time(_batch.ReceivedAt);
            Text(WireName.Of(_batch.Protocol));
            if (_batch.Tracker is { } tracker)
            {
                Byte((byte)Record.Tracker);
                Id(tracker.GatewayId);
                Text(tracker.Ident);
            }
        }

        Byte((byte)kind);
    }

    private void EndSegment()
    {
        Span<byte> length = stackalloc byte[LongestNumber];
        var lengthBytes = Leb128(length, (ulong)_segment.WrittenCount);
        var whole = new byte[lengthBytes + _segment.WrittenCount];
        length[..lengthBytes].CopyTo(whole);
        _segment.WrittenSpan.CopyTo(whole.AsSpan(lengthBytes));
        _finished.Add(whole);
        _segment.ResetWrittenCount();
    }

    private static Fields Flag(Fields field, double? value) => value is null ? Fields.None : field;

    private Fields HintFlag(string? hint) => hint switch
    {
        null => Fields.None,
        _ when hint == _lastHint => Fields.SameHint,
        _ => Fields.Hint,
    };

    private void Rest(Fields hintFlag, string? hint, string? extras)
    {
        if (hintFlag == Fields.Hint)
        {
            Text(hint!);
            _lastHint = hint;
        }

        if (extras is not null)
        {
            Text(extras);
        }
    }

    private void Byte(byte value)
    {
        _segment.GetSpan(1)[0] = value;
        _segment.Advance(1);
    }

    private void Id(Guid id)
    {
        id.TryWriteBytes(_segment.GetSpan(IdBytes), bigEndian: true, out _);
        _segment.Advance(IdBytes);
    }

    private void Time(DateTimeOffset time)
    {
        var microseconds = (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;
        var difference = microseconds - _lastTime;
        _lastTime = microseconds;
        Number((ulong)((difference << 1) ^ (difference >> 63)));
    }

    private void Number(ulong value) => _segment.Advance(Leb128(_segment.GetSpan(LongestNumber), value));

    private void Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(_segment.GetSpan(sizeof(double)), value);
        _segment.Advance(sizeof(double));
    }

    private void Single(double? value)
    {
        if (value is { } number)
        {
            BinaryPrimitives.WriteSingleLittleEndian(_segment.GetSpan(sizeof(float)), (float)number);
            _segment.Advance(sizeof(float));
        }
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        Number((ulong)bytes);
        _segment.Advance(Encoding.UTF8.GetBytes(text, _segment.GetSpan(bytes)));
    }

    private static int Leb128(Span<byte> target, ulong value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            target[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[length++] = (byte)value;
        return length;
    }
}
