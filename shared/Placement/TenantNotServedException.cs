namespace WebHost.Placement;

/// <summary>The tenant has no home from which it could be served: it is being provisioned, or that failed.</summary>
public class TenantNotServedException : Exception
{
    /// <summary>For a tenant that there is.</summary>
    public TenantNotServedException(Guid tenantId)
        : this($"Tenant {tenantId} is not served yet; GET /api/tenants/{tenantId} says why.")
    {
    }

    private protected TenantNotServedException(string message)
        : base(message)
    {
    }
}

/// <summary>There is no such tenant.</summary>
public sealed class TenantUnknownException(Guid tenantId)
    : TenantNotServedException($"There is no tenant {tenantId}. GET /api/tenants lists them.");

/// <summary>The tenant takes no writes for a moment, because it is about to be served from elsewhere.</summary>
public sealed class TenantFencedException(Guid tenantId) : Exception($"Tenant {tenantId} takes no writes for a moment.");
