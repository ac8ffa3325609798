using WebHost.Plans;
using WebHost.Signup;

namespace WebHost.Decisions;

/// <summary>A place where a tenant can live.</summary>
/// <param name="Code">The provider's own name of the region.</param>
/// <param name="Provider">Whose region it is.</param>
/// <param name="City">Where it is, for people.</param>
/// <param name="Residency">The territory whose residency rules it meets, none when absent.</param>
public sealed record HostingRegion(string Code, HostingProvider Provider, string City, DataResidency? Residency);
