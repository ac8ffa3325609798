using WebHost.Fleet;

namespace WebHost.Gps.Ingestion;

/// <summary>Divides what one request held among the trackers that it came from.</summary>
public static class TrackerBatches
{
    /// <summary>What the messages call their trackers, as far as it is not known yet where they belong; each once, in order.</summary>
    public static IReadOnlyCollection<string> FindUnknown(ParsedRequest parsed, KnownTrackers trackers)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(trackers);
        OrderedDictionary<string, bool>? unknown = null;
        foreach (var name in Names(Idents(parsed)).Where(name => !trackers.Knows(name)))
        {
            (unknown ??= new(StringComparer.Ordinal)).TryAdd(name, true);
        }

        return unknown is null ? [] : unknown.Keys;
    }

    /// <summary>Whether there are points or signs of life of trackers whose messages are not taken.</summary>
    public static bool HasRefused(ParsedRequest parsed, KnownTrackers trackers)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(trackers);
        return Names(IdentsOfTaken(parsed)).Any(trackers.Refuses);
    }

    /// <summary>A batch a device. Messages of a tracker without a device, which are in quarantine, go with the token's.</summary>
    public static IReadOnlyList<PointBatch> Divide(KnownDevice device, ParsedRequest parsed, DateTimeOffset receivedAt)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(parsed);
        var trackers = device.Trackers;
        if (Idents(parsed).All(ident => trackers.DeviceOf(ident) == device.DeviceId))
        {
            return [NewBatch(device.DeviceId, null, parsed.Points, parsed.Heartbeats, parsed.Quarantined)];
        }

        var points = parsed.Points.ToLookup(point => trackers.DeviceOf(point.DeviceHint));
        var heartbeats = parsed.Heartbeats.ToLookup(heartbeat => trackers.DeviceOf(heartbeat.DeviceHint));
        var quarantined = parsed.Quarantined.ToLookup(message => trackers.DeviceOf(message.DeviceHint));
        return
        [
            .. Idents(parsed).DistinctBy(trackers.DeviceOf).Select(ident =>
            {
                var id = trackers.DeviceOf(ident);
                return NewBatch(
                    id,
                    id == device.DeviceId ? null : new TrackerName(device.DeviceId, ident!),
                    [.. points[id]],
                    [.. heartbeats[id]],
                    [.. quarantined[id]]);
            }),
        ];

        PointBatch NewBatch(
            Guid deviceId,
            TrackerName? tracker,
            IReadOnlyList<GpsPoint> ofPoints,
            IReadOnlyList<GpsHeartbeat> ofHeartbeats,
            IReadOnlyList<QuarantinedPoint> ofQuarantined) =>
            new(device.TenantId, deviceId, receivedAt, parsed.Protocol, ofPoints, ofHeartbeats, ofQuarantined, tracker);
    }

    // Neighbours mostly have the same name.
    private static IEnumerable<string> Names(IEnumerable<string?> idents)
    {
        string? last = null;
        foreach (var ident in idents)
        {
            if (ident != last && !string.IsNullOrEmpty(ident))
            {
                yield return ident;
            }

            last = ident;
        }
    }

    private static IEnumerable<string?> Idents(ParsedRequest parsed) =>
        IdentsOfTaken(parsed).Concat(parsed.Quarantined.Select(message => message.DeviceHint));

    private static IEnumerable<string?> IdentsOfTaken(ParsedRequest parsed)
    {
        foreach (var point in parsed.Points)
        {
            yield return point.DeviceHint;
        }

        foreach (var heartbeat in parsed.Heartbeats)
        {
            yield return heartbeat.DeviceHint;
        }
    }
}
