namespace WebHost.Providers.Redis;

/// <summary>Makes and removes a tenant's Redis database; which provider does it is a setting.</summary>
public interface IRedisService
{
    /// <summary>The database of that name: found when it exists, made when it does not.</summary>
    /// <exception cref="ProviderException">The provider refused or did not answer.</exception>
    Task<RedisInstance> EnsureAsync(RedisRequest request, CancellationToken cancellationToken = default);

    /// <summary>The database of that name, or null when there is none of ours.</summary>
    /// <exception cref="ProviderException">The provider refused or did not answer.</exception>
    Task<RedisInstance?> FindAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Deletes the database of that name; its absence is success.</summary>
    /// <exception cref="ProviderException">The provider refused or did not answer.</exception>
    Task DeleteAsync(string name, CancellationToken cancellationToken = default);
}
