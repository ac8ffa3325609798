namespace WebHost.Providers.Hetzner;

/// <summary>What a server costs at a location, IPv4 address included.</summary>
/// <param name="Monthly">Net euros a month.</param>
/// <param name="Setup">Net euros once.</param>
/// <param name="Distributions">What can be preinstalled.</param>
public sealed record HetznerQuote(
    string ProductId, string Location, decimal Monthly, decimal Setup, IReadOnlyList<string> Distributions);
