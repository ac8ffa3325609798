using System.Text.Json.Nodes;

namespace WebHost.Local.Providers.Http;

internal static class OperationRoutes
{
    /// <summary>Serves one operation; the handler's answer is written as JSON, a null as no body.</summary>
    public static void MapOperation(
        this IEndpointRouteBuilder routes,
        Vendor vendor,
        string operation,
        string method,
        string pattern,
        Func<Call, Task<JsonNode?>> handler,
        int status = StatusCodes.Status200OK)
    {
        routes.MapMethods(pattern, [method], async (HttpContext http) =>
        {
            var answer = await handler(new Call(http));
            http.Response.StatusCode = status;
            if (answer is not null)
            {
                http.Response.ContentType = "application/json; charset=utf-8";
                await http.Response.WriteAsync(answer.ToJsonString(), http.RequestAborted);
            }
        }).WithMetadata(new Operation(vendor, operation));
    }
}
