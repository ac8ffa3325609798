namespace WebHost.Providers.Redis;

/// <summary>Where the tenants' Redis databases come from.</summary>
public enum RedisProvider
{
    /// <summary>Fly's own Upstash add-on, on the tenant's private network.</summary>
    Fly,

    /// <summary>A native Upstash account, over the public internet with TLS.</summary>
    Upstash,
}
