namespace WebHost.Placement;

/// <summary>There is no such tenant.</summary>
public sealed class TenantUnknownException(Guid tenantId)
    : Exception($"There is no tenant {tenantId}. GET /api/tenants lists them.");

/// <summary>The tenant has no home from which it could be served: it is being provisioned, or that failed.</summary>
public sealed class TenantNotServedException(Guid tenantId)
    : Exception($"Tenant {tenantId} is not served yet; GET /api/tenants/{tenantId} says why.");

/// <summary>The tenant takes no writes for a moment, because it is about to be served from elsewhere.</summary>
public sealed class TenantFencedException(Guid tenantId) : Exception($"Tenant {tenantId} takes no writes for a moment.");
