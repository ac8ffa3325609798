using WebHost.Fleet;
using WebHost.Gps.Ingestion;
using WebHost.Operations;

namespace WebHost.Gps.Quarantine;

/// <summary>What came of reading quarantined messages again.</summary>
/// <param name="Messages">How many were read.</param>
/// <param name="Points">Points that some of them have become; they are in the queue and no longer in quarantine.</param>
/// <param name="Heartbeats">Signs of life that others have become.</param>
/// <param name="Stay">Messages that are still neither, by reason.</param>
/// <param name="Last">The last one read, when there may be more behind it.</param>
public sealed record ReplayedQuarantine(
    int Messages, int Points, int Heartbeats, IReadOnlyDictionary<QuarantineReason, int> Stay, QuarantineId? Last);

/// <summary>The tenant is being moved; its quarantine rests meanwhile.</summary>
public sealed class QuarantineRestsException(Guid tenantId, Guid operationId) : Exception(
    $"Operation {operationId} of tenant {tenantId} is under way. Replay the tenant's quarantine when "
    + $"GET /api/operations/{operationId} says that it has ended.");

/// <summary>
/// Reads quarantined messages again by the rules that hold now, after one of them was mended. What has become of points goes
/// the way of all points; only when the queue has it, its message leaves the quarantine. Repeating it is harmless.
/// </summary>
public sealed class QuarantineReplay(
    QuarantineStore quarantine, DeviceStore devices, OperationStore operations, PointQueue queue, TimeProvider time)
{
    private const int PageSize = 1_000;

    /// <summary>Reads messages again, newest first.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only those behind this one: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends it; what was done until then holds.</param>
    /// <exception cref="QuarantineRestsException">
    /// The tenant is being moved: a row that goes at the source while its table is copied would look like one that was lost.
    /// </exception>
    public async Task<ReplayedQuarantine> RunAsync(
        Guid tenantId, QuarantineFilter filter, QuarantineId? before, int limit, CancellationToken cancellationToken)
    {
        if (await operations.FindUnfinishedAsync(tenantId, cancellationToken) is { } operationId)
        {
            throw new QuarantineRestsException(tenantId, operationId);
        }

        var units = await devices.ReadSpeedUnitsAsync(tenantId, cancellationToken);
        var stay = new SortedDictionary<QuarantineReason, int>();
        var (read, points, heartbeats) = (0, 0, 0);
        while (read < limit)
        {
            var size = Math.Min(PageSize, limit - read);
            var page = await quarantine.ListAsync(tenantId, filter, before, size, cancellationToken);
            if (page.Count == 0)
            {
                return new ReplayedQuarantine(read, points, heartbeats, stay, Last: null);
            }

            var mended = new List<(QuarantinedMessage Message, ParsedRequest Parsed)>();
            foreach (var message in page)
            {
                var parsed = GpsParser.ParseAgain(
                    message.Protocol, message.Raw, message.ReceivedAt, units.GetValueOrDefault(message.DeviceId));
                if (parsed is { Failure: null, QuarantinedCount: 0 } && parsed.Points.Count + parsed.Heartbeats.Count > 0)
                {
                    mended.Add((message, parsed));
                }
                else
                {
                    var reason = parsed.Quarantined is [var first, ..] ? first.Reason : message.Reason;
                    stay[reason] = stay.GetValueOrDefault(reason) + 1;
                }
            }

            await EnqueueAsync(tenantId, mended, cancellationToken);
            if (mended.Count > 0)
            {
                await quarantine.RemoveAsync(tenantId, mended.ConvertAll(m => m.Message.Id), cancellationToken);
            }

            read += page.Count;
            points += mended.Sum(m => m.Parsed.Points.Count);
            heartbeats += mended.Sum(m => m.Parsed.Heartbeats.Count);
            before = page[^1].Id;
        }

        return new ReplayedQuarantine(read, points, heartbeats, stay, before);
    }

    // As received now: whoever restores a backup from the journal looks for what came since, and this does.
    private Task EnqueueAsync(
        Guid tenantId, List<(QuarantinedMessage Message, ParsedRequest Parsed)> mended, CancellationToken cancellationToken) =>
        Task.WhenAll(mended
            .GroupBy(m => (m.Message.DeviceId, m.Message.Protocol))
            .Select(group => queue.EnqueueAsync(
                new PointBatch(
                    tenantId,
                    group.Key.DeviceId,
                    time.GetUtcNow(),
                    group.Key.Protocol,
                    [.. group.SelectMany(m => m.Parsed.Points)],
                    [.. group.SelectMany(m => m.Parsed.Heartbeats)],
                    []),
                cancellationToken)));
}
