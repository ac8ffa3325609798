namespace WebHost.Providers;

/// <summary>What a look at a provider showed.</summary>
/// <param name="Vendor">The provider's name, or what of it was looked at.</param>
/// <param name="Reachable">Whether it answered.</param>
/// <param name="Authorized">Whether it let our credentials in.</param>
/// <param name="RightsSufficient">
/// Whether they may do what this application does with them; null when only a change, which is not tried, would tell.
/// </param>
/// <param name="Detail">The verdict in a sentence; when something is wrong, in the provider's own words.</param>
public sealed record VendorStatus(string Vendor, bool Reachable, bool Authorized, bool? RightsSufficient, string Detail);
