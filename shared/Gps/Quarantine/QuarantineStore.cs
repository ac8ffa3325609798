using WebHost.Data;
using WebHost.Json;
using WebHost.Placement;

namespace WebHost.Gps.Quarantine;

/// <summary>Which quarantined messages are meant.</summary>
/// <param name="Reason">Those with this reason; all when absent.</param>
/// <param name="DeviceId">Those of this device; all when absent.</param>
public sealed record QuarantineFilter(QuarantineReason? Reason = null, Guid? DeviceId = null);

/// <summary>What a tenant's devices sent that is no point, in the tenant's database.</summary>
public sealed class QuarantineStore(TenantSessions sessions)
{
    /// <summary>Messages, newest first.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only those behind this one in the list: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public Task<List<QuarantinedMessage>> ListAsync(
        Guid tenantId, QuarantineFilter filter, QuarantineId? before, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return sessions.ReadAsync(
            tenantId,
            session => session.Sql(
                """
                SELECT received_at, device_id, digest, reason, protocol, raw, ident FROM fleet.quarantine
                WHERE ($1::text IS NULL OR reason = $1) AND ($2::uuid IS NULL OR device_id = $2)
                  AND ($3::timestamptz IS NULL OR (received_at, device_id, digest) < ($3, $4::uuid, $5::bytea))
                ORDER BY received_at DESC, device_id DESC, digest DESC LIMIT $6
                """,
                filter.Reason, filter.DeviceId, before?.ReceivedAt, before?.DeviceId, before?.Digest, limit).ListAsync(
                    row => new QuarantinedMessage(
                        new QuarantineId(row.GetFieldValue<DateTimeOffset>(0), row.GetGuid(1), row.GetFieldValue<byte[]>(2)),
                        row.GetGuid(1),
                        row.GetFieldValue<DateTimeOffset>(0),
                        WireName.Parse<QuarantineReason>(row.GetString(3)),
                        WireName.Parse<GpsProtocol>(row.GetString(4)),
                        row.GetString(5),
                        row.Maybe<string>(6)),
                    cancellationToken),
            cancellationToken);
    }

    /// <summary>Removes messages that have become points.</summary>
    /// <returns>
    /// False when they stay for now, since the tenant's rows are held: a move would take a row that goes at the source while
    /// its table is copied for one that was lost.
    /// </returns>
    /// <exception cref="TenantFencedException">The tenant takes no writes for the moment.</exception>
    public Task<bool> RemoveAsync(
        Guid tenantId, IReadOnlyList<QuarantineId> messages, CancellationToken cancellationToken) =>
        sessions.WriteAsync(
            tenantId,
            session => session.Sql(
                "SELECT fleet.remove_quarantined($1, $2, $3)",
                messages.Select(id => id.ReceivedAt.UtcDateTime).ToArray(),
                messages.Select(id => id.DeviceId).ToArray(),
                messages.Select(id => id.Digest).ToArray()).FirstAsync(row => row.GetBoolean(0), cancellationToken),
            cancellationToken);
}
