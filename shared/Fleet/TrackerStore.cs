using System.Security.Cryptography;
using System.Text;
using Npgsql;
using WebHost.Data;
using WebHost.Plans;

namespace WebHost.Fleet;

/// <summary>
/// Makes devices of trackers that post with another device's token under names of their own. The first name that is seen
/// under a token is the token's device itself, every further one a device whose id follows from gateway and name: whoever
/// registers it, and however often, it is the same. The tenant's database learns of it with its first message, so that
/// registering waits for nothing but the control database.
/// </summary>
public sealed class TrackerStore(ControlDatabase control)
{
    private const int LongestIdent = 200;
    private const int IdBytes = 16;

    /// <summary>Finds out where the messages of some trackers belong, and lets the device's trackers know.</summary>
    /// <param name="gateway">The device with whose token they post.</param>
    /// <param name="idents">What they call themselves, in the order in which they were seen.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task RegisterAsync(
        KnownDevice gateway, IReadOnlyCollection<string> idents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        ArgumentNullException.ThrowIfNull(idents);
        var found = await control.TransactAsync(
            transaction => RegisterAsync(transaction, gateway, idents, cancellationToken), cancellationToken);
        foreach (var (ident, deviceId) in found)
        {
            gateway.Trackers.Learn(ident, deviceId);
        }
    }

    private static async Task<Dictionary<string, Guid?>> RegisterAsync(
        NpgsqlTransaction transaction,
        KnownDevice gateway,
        IReadOnlyCollection<string> idents,
        CancellationToken cancellationToken)
    {
        // Whoever registers trackers of one gateway takes turns at its row.
        var own = await transaction.Sql("SELECT ident FROM devices WHERE id = $1 FOR UPDATE", gateway.DeviceId)
            .FirstAsync(row => row.Maybe<string>(0), cancellationToken);
        if (own is null && (own = idents.FirstOrDefault(IsName)) is not null)
        {
            await transaction.Sql("UPDATE devices SET ident = $2 WHERE id = $1", gateway.DeviceId, own)
                .RunAsync(cancellationToken);
        }

        var registered = (await transaction.Sql(
            "SELECT ident, CASE WHEN revoked_at IS NULL THEN id END FROM devices WHERE gateway_id = $1", gateway.DeviceId)
            .ListAsync(row => (row.GetString(0), row.MaybeValue<Guid>(1)), cancellationToken)).ToDictionary();
        var room = PlanCatalog.Standard.Get(gateway.Plan).Limits.TrackersPerToken - registered.Values.Count(id => id is not null);
        var found = new Dictionary<string, Guid?>(StringComparer.Ordinal);
        foreach (var ident in idents)
        {
            if (ident == own)
            {
                found[ident] = gateway.DeviceId;
            }
            else if (registered.TryGetValue(ident, out var known))
            {
                found[ident] = known;
            }
            else if (IsName(ident) && room > 0)
            {
                found[ident] = registered[ident] = await AddAsync(transaction, gateway.DeviceId, ident, cancellationToken);
                room--;
            }
            else
            {
                found[ident] = null;
            }
        }

        return found;
    }

    private static bool IsName(string ident) => ident.Length <= LongestIdent;

    private static async Task<Guid> AddAsync(
        NpgsqlTransaction transaction, Guid gatewayId, string ident, CancellationToken cancellationToken)
    {
        var deviceId = IdOf(gatewayId, ident);
        await transaction.Sql(
            """
            INSERT INTO devices (id, tenant_id, name, speed_unit, gateway_id, ident)
            SELECT $2, tenant_id, $3, speed_unit, id, $3 FROM devices WHERE id = $1
            """,
            gatewayId, deviceId, ident).RunAsync(cancellationToken);
        return deviceId;
    }

    // A UUID of version 8 (RFC 9562): the digest of both, but for the bits that say so.
    private static Guid IdOf(Guid gatewayId, string ident)
    {
        var digest = SHA256.HashData([.. gatewayId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(ident)]);
        digest[6] = (byte)((digest[6] & 0x0f) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3f) | 0x80);
        return new Guid(digest.AsSpan(0, IdBytes), bigEndian: true);
    }
}
