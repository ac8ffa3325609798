using WebHost.Providers.Hetzner;

namespace WebHost.Servers;

/// <summary>What Hetzner's firewall in front of a shared server lets through. It is stateless: answers need rules of their own.</summary>
internal static class ServerFirewall
{
    // What deploy/hetzner opens: PostgreSQL and, beside it so that one rule covers both, Redis behind TLS.
    private const string Databases = "5432-5433";
    private const string Ssh = "22";
    private const string WireGuard = "51820";
    private const string Ephemeral = "32768-65535";

    /// <param name="trustedNetworks">At most two: Robot takes ten rules, and each takes two.</param>
    public static HetznerFirewallRules Rules(IReadOnlyList<string> trustedNetworks) => new(
        [
            new("ping", Accept: true, Protocol: "icmp"),
            new("http", Accept: true, DestinationPort: "80", Protocol: "tcp"),
            new("https", Accept: true, DestinationPort: "443", Protocol: "tcp"),
            new("vpn", Accept: true, DestinationPort: WireGuard, Protocol: "udp"),
            new("tcp answers", Accept: true, DestinationPort: Ephemeral, Protocol: "tcp", TcpFlags: "ack"),
            new("udp answers", Accept: true, DestinationPort: Ephemeral, Protocol: "udp"),
            .. trustedNetworks.SelectMany((network, i) => new HetznerFirewallRule[]
            {
                new($"databases {i + 1}", Accept: true, "ipv4", network, Databases, "tcp"),
                new($"ssh {i + 1}", Accept: true, "ipv4", network, Ssh, "tcp"),
            }),
        ],
        [new("all", Accept: true)]);
}
