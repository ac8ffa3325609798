namespace WebHost.Scenarios.Hosting;

/// <summary>How an application under test differs from the usual.</summary>
public sealed record AppOptions
{
    /// <summary>Capacities of the shared servers that are registered at the start.</summary>
    public IReadOnlyList<int> Servers { get; init; } = [150];

    /// <summary>Settings that replace the usual ones.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether the start waits until the application says that it is well, or only until it answers.</summary>
    public bool StartsWell { get; init; } = true;
}
