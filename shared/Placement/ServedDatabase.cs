using WebHost.Plans;

namespace WebHost.Placement;

/// <summary>A database from which tenants are served: that of a shared server, or a tenant's own.</summary>
/// <param name="DatabaseId">The database.</param>
/// <param name="Tenants">How many tenants it serves.</param>
/// <param name="Plan">For which plan their homes are made.</param>
/// <param name="ServerId">The shared server; null when the database is a tenant's own.</param>
/// <param name="ServerName">The operators' name for the shared server.</param>
/// <param name="TenantId">Whose own the database is; null on a shared server.</param>
/// <param name="Company">The name of that tenant.</param>
public sealed record ServedDatabase(
    Guid DatabaseId, int Tenants, PlanId Plan, Guid? ServerId, string? ServerName, Guid? TenantId, string? Company)
{
    /// <summary>What it is, for people: "Server ax52-1 with 120 tenants".</summary>
    public string Title => ServerId is null
        ? $"The database of {Company}"
        : $"Server {ServerName} with {Tenants} {(Tenants == 1 ? "tenant" : "tenants")}";
}
