using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Redis;
using WebHost.Providers.Upstash;

namespace WebHost.Providers;

/// <summary>The section <c>Providers</c> of the configuration: where the providers are and with which credentials.</summary>
public sealed class ProvidersOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Providers";

    /// <summary>Access to Hetzner's Robot.</summary>
    public HetznerOptions Hetzner { get; init; } = new();

    /// <summary>Access to Fly.io.</summary>
    public FlyOptions Fly { get; init; } = new();

    /// <summary>Access to Cloudflare.</summary>
    public CloudflareOptions Cloudflare { get; init; } = new();

    /// <summary>Needed only when <see cref="Redis"/> is <see cref="RedisProvider.Upstash"/>.</summary>
    public UpstashOptions Upstash { get; init; } = new();

    /// <summary>Where the tenants' Redis databases come from.</summary>
    public RedisProvider Redis { get; init; } = RedisProvider.Fly;

    /// <summary>How long one attempt of one call may take; waiting for a machine takes that much longer than its own limit.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
