using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>The least that an HTTP function can do at the door's address: what the host itself costs.</summary>
public static class EmptyFunction
{
    [Function("Empty")]
    public static IActionResult Run(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "gps/{token?}")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new OkResult();
    }
}
