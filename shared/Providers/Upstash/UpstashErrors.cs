using System.Net;

namespace WebHost.Providers.Upstash;

/// <summary>What Upstash's refusals mean: the one place that reads them. Its errors are plain text or a JSON string.</summary>
internal sealed class UpstashErrors : ProviderErrors
{
    public const string Name = "Upstash";

    public override string Provider => Name;

    protected override string? RequestIdHeader => null;

    protected override ProviderError? Read(HttpStatusCode status, string body)
    {
        if (IsSuccess(status))
        {
            return null;
        }

        var words = Parse<Answer>(body)?.Error ?? Parse<string>(body);
        var message = string.IsNullOrWhiteSpace(words) ? Fallback(status, body) : words;
        var kind = KindOf(status) switch
        {
            ProviderErrorKind.Permanent when message.Contains("not found", StringComparison.OrdinalIgnoreCase) =>
                ProviderErrorKind.NotFound,
            ProviderErrorKind.Permanent when message.Contains("limit", StringComparison.OrdinalIgnoreCase) =>
                ProviderErrorKind.Capacity,
            var other => other,
        };
        return new ProviderError(kind, message);
    }

    private sealed record Answer(string? Error);
}
