using WebHost.Decisions;
using WebHost.Json;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Tenants;

namespace WebHost.Provisioning.Fly;

/// <summary>In which of Fly's regions a tenant has machines.</summary>
internal static class FlyRegions
{
    /// <summary>The placement's region, followed by the others that were recommended when the plan reaches several.</summary>
    public static IReadOnlyList<string> Of(Tenant tenant, TenantPlacement placement)
    {
        if (PlanCatalog.Standard.Get(placement.Plan).Reach != PlanReach.MultiRegion)
        {
            return [placement.Region];
        }

        // A tenant that came from a shared server was recommended a region that Fly has not.
        var recommended = JsonText.Read<Recommendation>(tenant.Recommendation).Regions
            .Where(code => RegionCatalog.Regions.Any(region => region.Code == code && region.Provider == HostingProvider.Fly));
        return [.. recommended.Prepend(placement.Region).Distinct()];
    }
}
