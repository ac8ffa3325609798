using System.Globalization;
using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;

namespace WebHost.Local.Providers.Cloudflare;

/// <summary>Cloudflare's API and its envelope.</summary>
internal sealed class CloudflareVendor(SimulatorsOptions options) : Vendor("Cloudflare")
{
    public override Refusal? Authorize(HttpContext http)
    {
        http.Response.Headers["cf-ray"] = http.TraceIdentifier;
        return Token(http.Request) is { } token && Accepts(options.Cloudflare.Token, token)
            ? null
            : new Refusal(StatusCodes.Status401Unauthorized, "10000", "Authentication error");
    }

    // 1,200 calls in five minutes, for everything together; a burst of a signup wave fits.
    public override (int Calls, TimeSpan Each)? Limit(string operation) => (1200, TimeSpan.FromSeconds(0.25));

    public override Refusal Fault(int status) => new(status, "1000", "simulated fault");

    public override Refusal RateLimited(string operation) =>
        new(StatusCodes.Status429TooManyRequests, "971", "Please wait and consider throttling your request speed") { RetryAfterSeconds = 1 };

    public override Refusal NoCapacity() => new(StatusCodes.Status400BadRequest, "81045", "Record quota exceeded.");

    public override Task WriteAsync(HttpContext http, Refusal refusal) => http.Response.WriteAsync(new JsonObject
    {
        ["success"] = false,
        ["errors"] = new JsonArray(new JsonObject
        {
            ["code"] = int.Parse(refusal.Code, CultureInfo.InvariantCulture),
            ["message"] = refusal.Message,
        }),
        ["messages"] = new JsonArray(),
        ["result"] = null,
    }.ToJsonString());
}
