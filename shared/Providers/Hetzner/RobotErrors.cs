using System.Net;

namespace WebHost.Providers.Hetzner;

/// <summary>What Robot's refusals mean: the one place that reads them.</summary>
internal sealed class RobotErrors : ProviderErrors
{
    public const string Name = "Hetzner";
    public const string KeyAlreadyExists = "KEY_ALREADY_EXISTS";

    // Robot announces neither; both are what it takes in practice.
    private static readonly TimeSpan FirewallDelay = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaintenanceDelay = TimeSpan.FromMinutes(1);

    public override string Provider => Name;

    protected override string? RequestIdHeader => null;

    protected override ProviderError? Read(HttpStatusCode status, string body)
    {
        if (IsSuccess(status))
        {
            return null;
        }

        var error = Parse<Answer>(body)?.Error;
        var message = error?.Message is { Length: > 0 } words ? words : Fallback(status, body);
        if (error is { Missing: { Count: > 0 } missing })
        {
            message += $"; missing: {string.Join(", ", missing)}";
        }

        if (error is { Invalid: { Count: > 0 } invalid })
        {
            message += $"; invalid: {string.Join(", ", invalid)}";
        }

        return (status, error?.Code) switch
        {
            (_, "RATE_LIMIT_EXCEEDED") => new(ProviderErrorKind.RateLimited, message)
            {
                Code = error!.Code,
                RetryAfter = TimeSpan.FromSeconds(error.Interval ?? 3600),
            },
            (_, "FIREWALL_IN_PROCESS") => new(ProviderErrorKind.Transient, message)
            {
                Code = error!.Code,
                RetryAfter = FirewallDelay,
            },
            (HttpStatusCode.ServiceUnavailable, _) => new(ProviderErrorKind.Transient, message)
            {
                Code = error?.Code,
                RetryAfter = MaintenanceDelay,
            },
            _ => new(KindOf(status), message) { Code = error?.Code },
        };
    }

    private sealed record Answer(Fault? Error);

    private sealed record Fault(
        string? Code, string? Message, int? Interval, IReadOnlyList<string>? Missing, IReadOnlyList<string>? Invalid);
}
