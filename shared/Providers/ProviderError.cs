using System.Net;

namespace WebHost.Providers;

/// <summary>A provider's refusal or silence, classified.</summary>
/// <param name="Kind">What it means for the caller.</param>
/// <param name="Message">The provider's own words, or ours when it said nothing.</param>
public sealed record ProviderError(ProviderErrorKind Kind, string Message)
{
    /// <summary>The HTTP status; null when there was no answer.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>The provider's own code, when it gave one.</summary>
    public string? Code { get; init; }

    /// <summary>How long to wait before trying again, when that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The provider's identifier of the call, when it gave one.</summary>
    public string? RequestId { get; init; }
}
