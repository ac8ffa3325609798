namespace WebHost.Providers;

/// <summary>What a look at a provider showed.</summary>
/// <param name="Vendor">The provider's name, or what of it was looked at.</param>
/// <param name="Reachable">Whether it answered.</param>
/// <param name="Authorized">Whether it let our credentials look; changing things may need further rights.</param>
/// <param name="Fault">The provider's own words when something is wrong.</param>
public sealed record VendorStatus(string Vendor, bool Reachable, bool Authorized, string? Fault);
