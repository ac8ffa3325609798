using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;

namespace WebHost.Local.Providers.Fly;

/// <summary>Fly's Machines API.</summary>
internal class FlyVendor(SimulatorsOptions options) : Vendor("Fly")
{
    public override Refusal? Authorize(HttpContext http)
    {
        if (!http.Response.Headers.ContainsKey("fly-request-id"))
        {
            http.Response.Headers["fly-request-id"] = FlyIds.Ulid();
        }

        return Token(http.Request) is { } token && Accepts(options.Fly.Token, token)
            ? null
            : new Refusal(StatusCodes.Status401Unauthorized, "unknown", "Authentication Error: token validation error");
    }

    public override (int Calls, TimeSpan Each)? Limit(string operation) =>
        operation == "GetMachine" ? (10, TimeSpan.FromSeconds(0.2)) : (3, TimeSpan.FromSeconds(1));

    public override Refusal RateLimited(string operation) =>
        new(StatusCodes.Status429TooManyRequests, "unknown", "rate limit exceeded") { RetryAfterSeconds = 1 };

    public override Refusal NoCapacity() => new(
        StatusCodes.Status412PreconditionFailed,
        "insufficient_capacity",
        "insufficient resources to create new machine with existing volume");

    public override Task WriteAsync(HttpContext http, Refusal refusal) => http.Response.WriteAsync(
        new JsonObject { ["error"] = refusal.Message, ["status"] = refusal.Code is "" ? "unknown" : refusal.Code }.ToJsonString());
}
