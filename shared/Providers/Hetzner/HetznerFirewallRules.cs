namespace WebHost.Providers.Hetzner;

/// <summary>The whole rule set of a server's firewall. It is stateless: answers to outgoing calls need a rule of their own.</summary>
/// <param name="Input">At most ten.</param>
/// <param name="Output">At most ten; none at all would let nothing out.</param>
public sealed record HetznerFirewallRules(
    IReadOnlyList<HetznerFirewallRule> Input, IReadOnlyList<HetznerFirewallRule> Output)
{
    private const int MostRules = 10;

    internal HttpContent ToForm()
    {
        var form = new RobotForm().Add("status", "active").Add("whitelist_hos", "true");
        AddRules(form, "input", Input);
        AddRules(form, "output", Output);
        return form.ToContent();
    }

    private static void AddRules(RobotForm form, string direction, IReadOnlyList<HetznerFirewallRule> rules)
    {
        if (rules.Count is 0 or > MostRules)
        {
            throw new ArgumentException($"A firewall takes 1 to {MostRules} {direction} rules, not {rules.Count}.", nameof(rules));
        }

        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            var prefix = $"rules[{direction}][{i}]";
            form.Add($"{prefix}[name]", rule.Name)
                .Add($"{prefix}[ip_version]", rule.IpVersion)
                .Add($"{prefix}[src_ip]", rule.SourceIp)
                .Add($"{prefix}[dst_port]", rule.DestinationPort)
                .Add($"{prefix}[protocol]", rule.Protocol)
                .Add($"{prefix}[tcp_flags]", rule.TcpFlags)
                .Add($"{prefix}[action]", rule.Accept ? "accept" : "discard");
        }
    }
}

/// <summary>One firewall rule; what is null matches everything.</summary>
/// <param name="IpVersion"><c>ipv4</c> or <c>ipv6</c>; rules for IPv6 cannot name addresses.</param>
/// <param name="DestinationPort">A port or a range such as <c>32768-65535</c>.</param>
/// <param name="Protocol">Such as <c>tcp</c>.</param>
/// <param name="TcpFlags">Such as <c>ack</c>.</param>
public sealed record HetznerFirewallRule(
    string Name,
    bool Accept,
    string? IpVersion = null,
    string? SourceIp = null,
    string? DestinationPort = null,
    string? Protocol = null,
    string? TcpFlags = null);
