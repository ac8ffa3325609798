using WebHost.Fleet;
using WebHost.Gps.Ingestion;

namespace WebHost.Gps.Quarantine;

/// <summary>What came of reading quarantined messages again.</summary>
/// <param name="Messages">How many were read.</param>
/// <param name="Points">Points that some of them have become; they are in the queue.</param>
/// <param name="Heartbeats">Signs of life that others have become.</param>
/// <param name="Held">
/// Messages of either kind that are in quarantine all the same, since the tenant's rows are held while it is moved or failed
/// over. Reading them again after it removes them, and changes nothing else.
/// </param>
/// <param name="Stay">Messages that are still neither, by reason.</param>
/// <param name="Last">The last one read, when there may be more behind it.</param>
public sealed record ReplayedQuarantine(
    int Messages, int Points, int Heartbeats, int Held, IReadOnlyDictionary<QuarantineReason, int> Stay, QuarantineId? Last);

/// <summary>
/// Reads quarantined messages again by the rules that hold now, after one of them was mended. What has become of points goes
/// the way of all points; only when the queue has it, its message leaves the quarantine. Repeating it is harmless.
/// </summary>
public sealed class QuarantineReplay(
    QuarantineStore quarantine,
    KnownDevices devices,
    TrackerStore trackers,
    PointQueue queue,
    TimeProvider time)
{
    private const int PageSize = 1_000;

    /// <summary>Reads messages again, newest first.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only those behind this one: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends it; what was done until then holds.</param>
    public async Task<ReplayedQuarantine> RunAsync(
        Guid tenantId, QuarantineFilter filter, QuarantineId? before, int limit, CancellationToken cancellationToken)
    {
        var senders = await ListSendersAsync(tenantId, cancellationToken);
        var stay = new SortedDictionary<QuarantineReason, int>();
        var (read, points, heartbeats, held) = (0, 0, 0, 0);
        while (read < limit)
        {
            var size = Math.Min(PageSize, limit - read);
            var page = await quarantine.ListAsync(tenantId, filter, before, size, cancellationToken);
            if (page.Count == 0)
            {
                return new ReplayedQuarantine(read, points, heartbeats, held, stay, Last: null);
            }

            var mended = new List<Mended>();
            foreach (var message in page)
            {
                var sender = senders.GetValueOrDefault(message.DeviceId);
                var parsed = GpsParser.ParseAgain(
                    message.Protocol, message.Raw, message.ReceivedAt, sender?.Poster.SpeedUnit ?? default);
                if (parsed is not { Failure: null, QuarantinedCount: 0 } || parsed.Points.Count + parsed.Heartbeats.Count == 0)
                {
                    Stay(parsed.Quarantined is [var first, ..] ? first.Reason : message.Reason);
                }
                else if (await FindTargetAsync(message, parsed, sender, cancellationToken) is { } target)
                {
                    mended.Add(new Mended(message, parsed, target));
                }
                else
                {
                    Stay(QuarantineReason.UnregisteredTracker);
                }
            }

            await EnqueueAsync(tenantId, mended);
            if (mended.Count > 0
                && !await quarantine.RemoveAsync(tenantId, mended.ConvertAll(m => m.Message.Id), cancellationToken))
            {
                held += mended.Count;
            }

            read += page.Count;
            points += mended.Sum(m => m.Parsed.Points.Count);
            heartbeats += mended.Sum(m => m.Parsed.Heartbeats.Count);
            before = page[^1].Id;
        }

        return new ReplayedQuarantine(read, points, heartbeats, held, stay, before);

        void Stay(QuarantineReason reason) => stay[reason] = stay.GetValueOrDefault(reason) + 1;
    }

    private async Task<Dictionary<Guid, Sender>> ListSendersAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var senders = new Dictionary<Guid, Sender>();
        foreach (var poster in await devices.ListAsync(tenantId, cancellationToken))
        {
            senders[poster.DeviceId] = new Sender(poster, null);
            foreach (var (ident, deviceId) in poster.Trackers.Others)
            {
                senders[deviceId] = new Sender(poster, new TrackerName(poster.DeviceId, ident));
            }
        }

        return senders;
    }

    // What a tracker without a device sent is with its gateway, and goes to the tracker's when it has one now.
    private async Task<Target?> FindTargetAsync(
        QuarantinedMessage message, ParsedRequest parsed, Sender? sender, CancellationToken cancellationToken)
    {
        var ident = message.Ident ?? parsed.Points.Select(point => point.DeviceHint)
            .Concat(parsed.Heartbeats.Select(heartbeat => heartbeat.DeviceHint)).First();
        if (sender is not { Name: null, Poster: var poster } || string.IsNullOrEmpty(ident))
        {
            return new Target(message.DeviceId, sender?.Name);
        }

        if (!poster.Trackers.Knows(ident))
        {
            await trackers.RegisterAsync(poster, [ident], cancellationToken);
        }

        return poster.Trackers.Refuses(ident) ? null
            : poster.Trackers.DeviceOf(ident) is var id && id == poster.DeviceId ? new Target(id, null)
            : new Target(id, new TrackerName(poster.DeviceId, ident));
    }

    // As received now: whoever restores a backup from the journal looks for what came since, and this does.
    private Task EnqueueAsync(Guid tenantId, List<Mended> mended) =>
        queue.EnqueueAsync(
        [
            .. mended.GroupBy(m => (m.Target, m.Message.Protocol)).Select(group => new PointBatch(
                tenantId,
                group.Key.Target.DeviceId,
                time.GetUtcNow(),
                group.Key.Protocol,
                [.. group.SelectMany(m => m.Parsed.Points)],
                [.. group.SelectMany(m => m.Parsed.Heartbeats)],
                [],
                group.Key.Target.Tracker)),
        ]);

    private sealed record Mended(QuarantinedMessage Message, ParsedRequest Parsed, Target Target);

    private sealed record Target(Guid DeviceId, TrackerName? Tracker);

    /// <summary>Whose token a device posts with, and what it is called there when it is not its own.</summary>
    private sealed record Sender(KnownDevice Poster, TrackerName? Name);
}
