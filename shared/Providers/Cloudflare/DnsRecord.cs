namespace WebHost.Providers.Cloudflare;

/// <summary>A record that exists in the zone.</summary>
/// <param name="Ttl">Seconds; 1 lets Cloudflare choose.</param>
/// <param name="Comment">Where the owner's mark is.</param>
public sealed record DnsRecord(string Id, string Type, string Name, string Content, int Ttl, bool Proxied, string? Comment);
