using WebHost.Security;

namespace WebHost.Gps.Reading;

/// <summary>Takes what a protocol's parser finds and sorts it into points, heartbeats and quarantine.</summary>
internal sealed class PointSink(DateTimeOffset receivedAt, SpeedUnit querySpeed, Predicate<string>? isRefused = null)
{
    private const int MostQuarantined = 1_000;
    private const int LongestRawBytes = 4_096;

    // Of what becomes a point when its tracker is registered, nothing may be missing.
    private const int LongestGoodBytes = 65_536;

    private readonly List<GpsPoint> _points = [];
    private readonly List<GpsHeartbeat> _heartbeats = [];
    private readonly List<QuarantinedPoint> _quarantined = [];
    private SortedDictionary<QuarantineReason, int>? _reasons;

    public DateTimeOffset ReceivedAt { get; } = receivedAt;

    /// <summary>The unit that the device's setting gives to speeds in a query string.</summary>
    public SpeedUnit QuerySpeed { get; } = querySpeed;

    public string? Failure { get; private set; }

    public int PointCount => _points.Count;

    /// <summary>How many were quarantined, by reason.</summary>
    public IReadOnlyDictionary<QuarantineReason, int> QuarantineReasons => _reasons ??= [];

    /// <summary>Files a message that has a position as a point or into quarantine, any other as a sign of life.</summary>
    public void File(RawFix fix, ReadOnlySpan<byte> raw)
    {
        if (TryFile(fix) is { } reason)
        {
            Quarantine(reason, raw, fix.DeviceHint);
        }
    }

    /// <summary>Files a message as a sign of life, whatever position it may carry; into quarantine if nothing is known in it.</summary>
    public void FileHeartbeat(RawFix fix, ReadOnlySpan<byte> raw)
    {
        if (TryFileHeartbeat(fix) is { } reason)
        {
            Quarantine(reason, raw, fix.DeviceHint);
        }
    }

    /// <summary>As <see cref="File"/>, but leaves it to the caller to quarantine the message for the reason that is answered.</summary>
    public QuarantineReason? TryFile(RawFix fix)
    {
        if (!fix.HasPosition || IsRefused(fix))
        {
            return TryFileHeartbeat(fix);
        }

        var fault = PointRules.FindFault(fix, ReceivedAt);
        if (fault is null)
        {
            _points.Add(PointRules.ToPoint(fix));
        }

        return fault;
    }

    /// <summary>As <see cref="FileHeartbeat"/>, but leaves it to the caller to quarantine the message.</summary>
    public QuarantineReason? TryFileHeartbeat(RawFix fix)
    {
        if (IsRefused(fix))
        {
            return QuarantineReason.UnregisteredTracker;
        }

        if (!fix.HasAny)
        {
            return QuarantineReason.Unreadable;
        }

        _heartbeats.Add(PointRules.ToHeartbeat(fix, ReceivedAt));
        return null;
    }

    public void Quarantine(QuarantineReason reason, ReadOnlySpan<byte> raw, string? deviceHint = null)
    {
        _reasons ??= [];
        _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
        var isGood = reason == QuarantineReason.UnregisteredTracker;
        if (isGood || _quarantined.Count < MostQuarantined)
        {
            var text = StorableText.From(raw[..Math.Min(raw.Length, isGood ? LongestGoodBytes : LongestRawBytes)]);
            _quarantined.Add(new QuarantinedPoint(reason, OpaqueToken.Redact(text), deviceHint));
        }
    }

    private bool IsRefused(RawFix fix) => isRefused is not null && fix.DeviceHint is { Length: > 0 } name && isRefused(name);

    /// <summary>Gives the whole body up: it is not what its protocol, one of our own, prescribes.</summary>
    public void Fail(string failure) => Failure ??= failure;

    public ParsedRequest ToParsedRequest(IGpsProtocol protocol) => Failure is null
        ? new ParsedRequest(
            protocol.Protocol, _points, _heartbeats, _quarantined, _reasons?.Values.Sum() ?? 0, protocol.Reply(this))
        : new ParsedRequest(protocol.Protocol, [], [], [], 0, GpsReply.Empty, Failure);
}
