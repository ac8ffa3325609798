using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;

namespace WebHost.Local.Providers.Fly;

/// <summary>Fly's Machines API.</summary>
internal class FlyVendor(SimulatorsOptions options) : Vendor("Fly")
{
    public override void Identify(HttpContext http) => http.Response.Headers["fly-request-id"] = FlyIds.Ulid();

    public override Refusal? Authorize(HttpContext http) =>
        Token(http.Request) is { } token && Accepts(options.Fly.Token, token)
            ? null
            : new Refusal(StatusCodes.Status401Unauthorized, "unknown", "Authentication Error: token validation error");

    public override (int Calls, TimeSpan Each)? Limit(string operation) =>
        operation switch
        {
            "CreateApp" or "ListApps" => null,
            "GetMachine" => (10, TimeSpan.FromSeconds(0.2)),
            _ => (3, TimeSpan.FromSeconds(1)),
        };

    public override Refusal RateLimited(string operation) =>
        new(StatusCodes.Status429TooManyRequests, "unknown", "rate limit exceeded") { RetryAfterSeconds = 1 };

    public override Refusal NoCapacity() => new(
        StatusCodes.Status412PreconditionFailed,
        "insufficient_capacity",
        "insufficient resources to create new machine with existing volume");

    public override Task WriteAsync(HttpContext http, Refusal refusal) => http.Response.WriteAsync(
        new JsonObject { ["error"] = refusal.Message, ["status"] = refusal.Code is "" ? "unknown" : refusal.Code }.ToJsonString());
}
