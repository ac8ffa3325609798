using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.OpenApi;
using WebHost.Security;

namespace WebHost.Problems;

/// <summary>Answers calls that no other function takes, so that these too are told what to do.</summary>
public static class UnmatchedFunctions
{
    /// <summary>Takes whatever no other route matches.</summary>
    [Function("Unmatched")]
    [Endpoint("Anything else", Tag = "Documentation", Caller = "anybody", Hidden = true)]
    public static IActionResult Run(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "{*path}")] HttpRequest request) =>
        throw ProblemException.NotFound(
            $"There is no {request.Method} {OpaqueToken.Redact(request.Path)}, or an id in it is malformed. GET /api/openapi.json lists every call.");
}
