namespace WebHost.Providers.Cloudflare;

/// <summary>Where a hostname leads.</summary>
/// <param name="Type"><c>A</c>, <c>AAAA</c>, <c>CNAME</c> or <c>TXT</c>.</param>
/// <param name="Content">An address, a hostname or a text.</param>
public sealed record DnsTarget(string Type, string Content)
{
    /// <summary>Whether Cloudflare's edge stands in between: a change then takes effect in seconds, whatever the TTL.</summary>
    public bool Proxied { get; init; }

    /// <summary>Seconds that resolvers may keep it: 60 to 86,400, or 1 for automatic. Shorter makes a cutover faster.</summary>
    public int Ttl { get; init; } = 60;
}
