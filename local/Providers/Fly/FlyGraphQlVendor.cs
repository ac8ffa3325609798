using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;

namespace WebHost.Local.Providers.Fly;

/// <summary>Fly's GraphQL API: one address for all operations, and most refusals with 200.</summary>
internal sealed class FlyGraphQlVendor(SimulatorsOptions options) : FlyVendor(options)
{
    public override async ValueTask<string> OperationOfAsync(HttpContext http, Operation operation)
    {
        try
        {
            return (string?)(await new Call(http).JsonAsync())["operationName"] ?? operation.Name;
        }
        catch (Refusal)
        {
            return operation.Name;
        }
    }

    public override (int Calls, TimeSpan Each)? Limit(string operation) => null;

    public override Task WriteAsync(HttpContext http, Refusal refusal)
    {
        if (refusal.Status is StatusCodes.Status422UnprocessableEntity or StatusCodes.Status404NotFound
            or StatusCodes.Status412PreconditionFailed)
        {
            http.Response.StatusCode = StatusCodes.Status200OK;
        }

        var code = refusal.Status switch
        {
            StatusCodes.Status401Unauthorized => "UNAUTHORIZED",
            StatusCodes.Status404NotFound => "NOT_FOUND",
            StatusCodes.Status412PreconditionFailed or StatusCodes.Status422UnprocessableEntity => "UNPROCESSABLE",
            StatusCodes.Status429TooManyRequests => "TOO_MANY_REQUESTS",
            _ => "SERVER_ERROR",
        };
        return http.Response.WriteAsync(new JsonObject
        {
            ["data"] = null,
            ["errors"] = new JsonArray(new JsonObject
            {
                ["message"] = refusal.Message,
                ["extensions"] = new JsonObject { ["code"] = code },
            }),
        }.ToJsonString());
    }
}
