using Microsoft.Extensions.Caching.Memory;
using WebHost.Data;

namespace WebHost.Security;

/// <summary>A tenant's key, as it is shown once.</summary>
/// <param name="KeyId">Its id, for revoking it.</param>
/// <param name="Key">The key itself. Only its hash is kept.</param>
public sealed record NewApiKey(Guid KeyId, string Key);

/// <summary>A tenant's key, as far as it is kept.</summary>
/// <param name="KeyId">Its id, for revoking it.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
/// <param name="RevokedAt">When it was revoked, UTC; absent while it is good.</param>
public sealed record ApiKey(Guid KeyId, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>The tenants' API keys, hashed, in the control database.</summary>
public sealed class ApiKeyStore(ControlDatabase control, IMemoryCache cache)
{
    // A revoked key is refused everywhere after this long at the latest.
    private static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);

    /// <summary>Makes a key for a tenant.</summary>
    public async Task<NewApiKey> CreateAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var token = OpaqueToken.Generate(TokenKind.TenantKey);
        var id = Guid.CreateVersion7();
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "INSERT INTO api_keys (id, tenant_id, hash) VALUES ($1, $2, $3)", id, tenantId, OpaqueToken.Hash(token))
            .RunAsync(cancellationToken);
        return new NewApiKey(id, token);
    }

    /// <summary>A tenant's keys, revoked ones too, newest first.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "SELECT id, created_at, revoked_at FROM api_keys WHERE tenant_id = $1 ORDER BY id DESC", tenantId)
            .ListAsync(
                row => new ApiKey(row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1), row.MaybeValue<DateTimeOffset>(2)),
                cancellationToken);
    }

    /// <summary>Revokes a tenant's key. False when the tenant has no such key.</summary>
    public async Task<bool> RevokeAsync(Guid tenantId, Guid keyId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = $1 AND id = $2", tenantId, keyId)
            .RunAsync(cancellationToken) > 0;
    }

    /// <summary>The tenant to which a key belongs, or null when it is unknown or revoked.</summary>
    public async Task<Guid?> FindTenantAsync(string key, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(TokenKind.TenantKey, key))
        {
            return null;
        }

        var hash = OpaqueToken.Hash(key);
        var cacheKey = (nameof(ApiKeyStore), Convert.ToHexString(hash));
        if (cache.TryGetValue(cacheKey, out Guid? known))
        {
            return known;
        }

        await using var connection = await control.OpenAsync(cancellationToken);
        var tenantId = await connection.Sql(
            "SELECT tenant_id FROM api_keys WHERE hash = $1 AND revoked_at IS NULL", hash)
            .FirstAsync(row => (Guid?)row.GetGuid(0), cancellationToken);
        return cache.Set(cacheKey, tenantId, CacheFor);
    }
}
