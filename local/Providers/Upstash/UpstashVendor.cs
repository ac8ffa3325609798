using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;

namespace WebHost.Local.Providers.Upstash;

/// <summary>Upstash's developer API, whose refusals are plain words.</summary>
internal sealed class UpstashVendor(SimulatorsOptions options) : Vendor("Upstash")
{
    public override Refusal? Authorize(HttpContext http) =>
        BasicLogin(http.Request) is var (user, password)
        && Accepts(options.Upstash.Email, user)
        && Accepts(options.Upstash.ApiKey, password)
            ? null
            : new Refusal(StatusCodes.Status401Unauthorized, "", "Unauthorized");

    public override (int Calls, TimeSpan Each)? Limit(string operation) => null;

    public override Refusal RateLimited(string operation) =>
        new(StatusCodes.Status429TooManyRequests, "", "Too many requests") { RetryAfterSeconds = 1 };

    public override Refusal NoCapacity() => new(StatusCodes.Status400BadRequest, "", "database limit exceeded");

    public override Task WriteAsync(HttpContext http, Refusal refusal) =>
        http.Response.WriteAsync(JsonValue.Create(refusal.Message).ToJsonString());
}
