namespace WebHost.Local.Providers;

/// <summary>The section <c>Simulators</c> of the configuration.</summary>
public sealed class SimulatorsOptions
{
    public const string Section = "Simulators";

    /// <summary>Where the simulators keep their state; the schema is made when it is missing.</summary>
    public string Database { get; init; } = "";

    /// <summary>A superuser's connection to the server on which simulated databases are made.</summary>
    public string AdminDatabase { get; init; } = "";

    /// <summary>How long every answer takes, in milliseconds.</summary>
    public int LatencyMs { get; init; }

    /// <summary>How long a machine takes from one state to the next, in milliseconds.</summary>
    public int StateMs { get; init; }

    /// <summary>How long Hetzner takes to build an ordered server, in milliseconds.</summary>
    public int OrderMs { get; init; } = 2000;

    /// <summary>Whether the vendors' rate limits hold.</summary>
    public bool RateLimits { get; init; } = true;

    /// <summary>The one user that Robot lets in; any when empty.</summary>
    public LoginOptions Hetzner { get; init; } = new();

    /// <summary>The one token that Fly lets in; any when empty.</summary>
    public LoginOptions Fly { get; init; } = new();

    /// <summary>The one token that Cloudflare lets in; any when empty.</summary>
    public LoginOptions Cloudflare { get; init; } = new();

    /// <summary>The one account that Upstash lets in; any when empty.</summary>
    public LoginOptions Upstash { get; init; } = new();
}
