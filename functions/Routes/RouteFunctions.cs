using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.OpenApi;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Problems;

namespace WebHost.Routes;

/// <summary>Where edge routers ask where a hostname's tenant lives.</summary>
public sealed class RouteFunctions(PlacementStore placements)
{
    // An edge that is this far behind does no harm: writes are checked by epoch where they arrive.
    private const int CacheSeconds = 5;

    /// <summary>Where the tenant of a hostname lives now.</summary>
    [Function("GetRoute")]
    [Endpoint("Ask where a hostname's tenant lives now", Tag = "Routes", Caller = "anybody", Response = typeof(RouteView))]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "routes/{hostname}")] HttpRequest request,
        string hostname,
        CancellationToken cancellationToken)
    {
        var placement = await placements.FindByHostnameAsync(hostname.ToLowerInvariant(), cancellationToken);
        if (placement is not { State: PlacementState.Serving })
        {
            throw ProblemException.NotFound($"No tenant is served at {hostname}.");
        }

        request.HttpContext.Response.Headers.CacheControl = $"public, max-age={CacheSeconds}";
        return Requests.Answer(new RouteView(
            placement.TenantId, placement.Hostname, placement.Mode, placement.Provider, placement.Region, placement.Epoch));
    }
}

/// <summary>Where a tenant lives now.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="Hostname">Where it is reached.</param>
/// <param name="Mode">Whether it shares its infrastructure.</param>
/// <param name="Provider">Whose infrastructure.</param>
/// <param name="Region">The provider's region code.</param>
/// <param name="Epoch">Grows with every move.</param>
public sealed record RouteView(
    Guid TenantId, string Hostname, HostingMode Mode, HostingProvider Provider, string Region, long Epoch);
