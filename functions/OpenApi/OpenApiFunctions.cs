using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.OpenApi;

/// <summary>Where the API describes itself.</summary>
public static class OpenApiFunctions
{
    private static readonly Lazy<string> Document = new(() => OpenApiDocument.Build().ToJsonString());

    /// <summary>The OpenAPI document.</summary>
    [Function("GetOpenApi")]
    [Endpoint("Get this document", Tag = "Documentation", Caller = "anybody")]
    public static IActionResult Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "openapi.json")] HttpRequest request) =>
        new ContentResult { Content = Document.Value, ContentType = "application/json", StatusCode = StatusCodes.Status200OK };
}
