using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;

namespace WebHost.Local.Providers.Hetzner;

/// <summary>Hetzner's Robot web service: three wrong logins shut an address out for ten minutes.</summary>
internal sealed class RobotVendor(SimulatorsOptions options) : Vendor("Hetzner")
{
    private const int AllowedFailures = 3;
    private static readonly TimeSpan Block = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, (int Failures, DateTime Last)> _failures = new();

    public override Refusal? Authorize(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress?.ToString() ?? "";
        if (_failures.TryGetValue(address, out var past) && past.Failures >= AllowedFailures && DateTime.UtcNow - past.Last < Block)
        {
            return Unauthorized();
        }

        if (BasicLogin(http.Request) is var (user, password)
            && Accepts(options.Hetzner.User, user)
            && Accepts(options.Hetzner.Password, password))
        {
            _failures.TryRemove(address, out _);
            return null;
        }

        _failures.AddOrUpdate(address, (1, DateTime.UtcNow), (_, before) => (before.Failures + 1, DateTime.UtcNow));
        return Unauthorized();
    }

    public override (int Calls, TimeSpan Each)? Limit(string operation) =>
        (Hourly(operation), TimeSpan.FromSeconds((double)Window(operation) / Hourly(operation)));

    public override Refusal Fault(int status) =>
        status == StatusCodes.Status401Unauthorized ? Unauthorized() : new(status, "INTERNAL_ERROR", "simulated fault");

    public override Refusal RateLimited(string operation) =>
        new(StatusCodes.Status403Forbidden, "RATE_LIMIT_EXCEEDED", "rate limit exceeded")
        {
            Fields = new JsonObject { ["max_request"] = Hourly(operation), ["interval"] = Window(operation) },
        };

    // Robot has no code for a product that is sold out: the product says where it can be had, and an order elsewhere is invalid.
    public override Refusal NoCapacity() => new(StatusCodes.Status400BadRequest, "INVALID_INPUT", "invalid input")
    {
        Fields = new JsonObject { ["missing"] = null, ["invalid"] = new JsonArray("location") },
    };

    public override Task WriteAsync(HttpContext http, Refusal refusal)
    {
        var error = new JsonObject { ["status"] = refusal.Status, ["code"] = refusal.Code, ["message"] = refusal.Message };
        foreach (var (name, value) in refusal.Fields)
        {
            error[name] = value?.DeepClone();
        }

        return http.Response.WriteAsync(new JsonObject { ["error"] = error }.ToJsonString());
    }

    private static Refusal Unauthorized() => new(StatusCodes.Status401Unauthorized, "UNAUTHORIZED", "Unauthorized");

    private static int Window(string operation) => operation == "CreateOrder" ? 86400 : 3600;

    private static int Hourly(string operation) => operation switch
    {
        "CreateOrder" => 20,
        "ListServers" or "GetServer" or "RenameServer" or "GetCancellation" or "CancelServer" or "WithdrawCancellation"
            or "ListKeys" or "CreateKey" => 200,
        _ => 500,
    };
}
