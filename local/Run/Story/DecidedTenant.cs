namespace WebHost.Local.Run.Story;

/// <summary>What GET /api/tenants/{id} says of a tenant from its signup on, before it has a home.</summary>
internal sealed record DecidedTenant(string Id, Recommendation Recommendation);
