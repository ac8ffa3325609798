using System.Text;

namespace WebHost.Providers;

/// <summary>A call to an infrastructure provider failed; classified once, in the provider's own words.</summary>
public sealed class ProviderException : Exception
{
    /// <param name="provider">The provider's name, such as <c>Fly</c>.</param>
    /// <param name="operation">The provider operation that failed, such as <c>CreateMachine</c>.</param>
    /// <param name="error">The classified failure.</param>
    /// <param name="inner">What lies beneath, when there was no answer.</param>
    public ProviderException(string provider, string operation, ProviderError error, Exception? inner = null)
        : base(Describe(provider, operation, error), inner)
    {
        Provider = provider;
        Operation = operation;
        Error = error;
    }

    /// <summary>The provider's name, such as <c>Fly</c>.</summary>
    public string Provider { get; }

    /// <summary>The provider operation that failed, such as <c>CreateMachine</c>.</summary>
    public string Operation { get; }

    /// <summary>The classified failure.</summary>
    public ProviderError Error { get; }

    /// <summary>What it means for the caller.</summary>
    public ProviderErrorKind Kind => Error.Kind;

    /// <summary>The provider's own code, when it gave one.</summary>
    public string? Code => Error.Code;

    /// <summary>How long to wait before the call can succeed, when that is known.</summary>
    public TimeSpan? RetryAfter => Error.RetryAfter;

    /// <summary>The provider's identifier of the call, for its support.</summary>
    public string? RequestId => Error.RequestId;

    /// <summary>Whether the same intent may be tried again later without a change.</summary>
    public bool IsRetryable => Kind is ProviderErrorKind.Transient or ProviderErrorKind.RateLimited;

    private static string Describe(string provider, string operation, ProviderError error)
    {
        var text = new StringBuilder($"{provider} {operation}: {error.Message} ({error.Kind}");
        if (error.Status is { } status)
        {
            text.Append($", {(int)status}");
        }

        if (error.Code is { } code)
        {
            text.Append($", {code}");
        }

        if (error.RetryAfter is { } delay)
        {
            text.Append($", retry after {delay.TotalSeconds:0.#} s");
        }

        if (error.RequestId is { } requestId)
        {
            text.Append($", request {requestId}");
        }

        return text.Append(')').ToString();
    }
}
