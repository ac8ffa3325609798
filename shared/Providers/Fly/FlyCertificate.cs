namespace WebHost.Providers.Fly;

/// <summary>A certificate for a hostname of an app.</summary>
/// <param name="Configured">Whether the hostname's DNS leads to the app and the certificate can be issued.</param>
/// <param name="Status">Fly's word, such as <c>active</c> or <c>pending_validation</c>.</param>
public sealed record FlyCertificate(string Hostname, bool Configured, string? Status)
{
    /// <summary>What Fly asks of the hostname's DNS.</summary>
    public FlyDnsRequirements? DnsRequirements { get; init; }
}

/// <summary>The DNS records that Fly expects for a hostname.</summary>
public sealed record FlyDnsRequirements
{
    /// <summary>The IPv4 addresses.</summary>
    public IReadOnlyList<string> A { get; init; } = [];

    /// <summary>The IPv6 addresses.</summary>
    public IReadOnlyList<string> Aaaa { get; init; } = [];

    /// <summary>The hostname to point to instead of addresses.</summary>
    public string? Cname { get; init; }

    /// <summary>The proof that needs no traffic.</summary>
    public FlyAcmeChallenge? AcmeChallenge { get; init; }
}

/// <summary>The CNAME that proves the hostname while its traffic still goes elsewhere.</summary>
public sealed record FlyAcmeChallenge(string Name, string Target);
