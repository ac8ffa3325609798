using Microsoft.Extensions.Caching.Memory;
using Npgsql;
using WebHost.Data;
using WebHost.Gps;
using WebHost.Json;
using WebHost.Plans;
using WebHost.Security;

namespace WebHost.Fleet;

/// <summary>
/// Whose token is whose. Every device that speaks is looked up every few seconds: those that speak at the same time are looked
/// up together.
/// </summary>
public sealed class KnownDevices
{
    private const string Columns = "d.id, d.tenant_id, t.plan, d.speed_unit, d.ident, b.idents, b.ids";

    private const string Devices =
        """
        devices d JOIN tenants t ON t.id = d.tenant_id
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(ident ORDER BY id), '{}') AS idents,
                   coalesce(array_agg(CASE WHEN revoked_at IS NULL THEN id END ORDER BY id), '{}') AS ids
            FROM devices WHERE gateway_id = d.id) AS b
        """;

    // Others wait for it: their devices are better told to come again.
    private const int MostSecondsALookup = 5;

    // A revoked token is refused everywhere after this long at the latest.
    private static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);

    private readonly ControlDatabase _control;
    private readonly IMemoryCache _cache;
    private readonly GroupedLookup<string, KnownDevice> _lookup;

    /// <summary>None is known yet.</summary>
    public KnownDevices(ControlDatabase control, IMemoryCache cache)
    {
        (_control, _cache) = (control, cache);
        _lookup = new GroupedLookup<string, KnownDevice>(LookUpAsync);
    }

    /// <summary>The tenant's devices that have a token, revoked ones too, with the trackers behind them.</summary>
    public async Task<IReadOnlyList<KnownDevice>> ListAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await _control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"SELECT {Columns} FROM {Devices} WHERE d.tenant_id = $1 AND d.token_hash IS NOT NULL", tenantId)
            .ListAsync(Read, cancellationToken);
    }

    /// <summary>The device whose token this is, or null when it is unknown or revoked.</summary>
    public ValueTask<KnownDevice?> FindByTokenAsync(string token, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(TokenKind.Device, token))
        {
            return default;
        }

        return _cache.TryGetValue(new CacheKey(token), out KnownDevice? known)
            ? new ValueTask<KnownDevice?>(known)
            : new ValueTask<KnownDevice?>(_lookup.FindAsync(token, cancellationToken));
    }

    private async Task<IReadOnlyDictionary<string, KnownDevice>> LookUpAsync(IReadOnlyCollection<string> tokens)
    {
        string[] shown = [.. tokens];
        await using var connection = await _control.OpenAsync();
        var select = connection.Sql(
            $"""
            SELECT {Columns}, shown.number FROM {Devices}
            JOIN unnest($1) WITH ORDINALITY AS shown (hash, number) ON shown.hash = d.token_hash
            WHERE d.revoked_at IS NULL
            """,
            (object)Array.ConvertAll(shown, OpaqueToken.Hash)); // An array of arrays would be taken for one parameter each.
        select.CommandTimeout = MostSecondsALookup;

        // Planning the statement is most of what a look-up costs.
        await select.PrepareAsync();
        var found = (await select.ListAsync(row => (Token: shown[row.GetInt64(7) - 1], Device: Read(row))))
            .ToDictionary(row => row.Token, row => row.Device);
        foreach (var token in shown)
        {
            _cache.Set(new CacheKey(token), found.GetValueOrDefault(token), CacheFor);
        }

        return found;
    }

    private static KnownDevice Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetGuid(1),
        WireName.Parse<PlanId>(row.GetString(2)),
        WireName.Parse<SpeedUnit>(row.GetString(3)),
        new KnownTrackers(
            row.GetGuid(0),
            row.Maybe<string>(4),
            row.GetFieldValue<string[]>(5).Zip(row.GetFieldValue<Guid?[]>(6))));

    private readonly record struct CacheKey(string Token);
}
