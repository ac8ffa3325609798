namespace WebHost.Providers.Cloudflare;

/// <summary>Access to one DNS zone at Cloudflare.</summary>
public sealed class CloudflareOptions
{
    /// <summary>Cloudflare's API, with its version.</summary>
    public Uri? BaseAddress { get; init; }

    /// <summary>A token with the right Zone:DNS:Edit on the zone.</summary>
    public string Token { get; init; } = "";

    /// <summary>The identifier of the zone in which the tenants' hostnames live.</summary>
    public string ZoneId { get; init; } = "";
}
