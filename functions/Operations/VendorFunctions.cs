using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Providers;

namespace WebHost.Operations;

/// <summary>Where operators see, before they need them, whether the providers would let us work.</summary>
public sealed class VendorFunctions(CallerAuthentication callers, VendorCheck check)
{
    /// <summary>Looks at every provider with calls that change nothing; a provider that is down is part of the answer.</summary>
    [Function("CheckVendors")]
    [Endpoint("Look whether every provider answers, lets us in and grants enough rights", Tag = "Operations", Caller = "operator", Response = typeof(Page<VendorStatus>))]
    public async Task<IActionResult> Check(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "operations/vendor-check")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        return Requests.Answer(new Page<VendorStatus>(await check.RunAsync(cancellationToken), null));
    }
}
