using System.Net;
using System.Text.Json;

namespace WebHost.Providers;

/// <summary>Reads a provider's answers: null for success, otherwise what its refusal means. One subclass a provider.</summary>
internal abstract class ProviderErrors
{
    private const int LongestMessage = 500;
    private static readonly TimeSpan DefaultRateLimitDelay = TimeSpan.FromSeconds(1);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public abstract string Provider { get; }

    /// <summary>The response header with the provider's identifier of the call.</summary>
    protected abstract string? RequestIdHeader { get; }

    /// <summary>Null when the answer is a success.</summary>
    /// <param name="body">The answer's body, which is small for every call we make.</param>
    public ProviderError? Classify(HttpResponseMessage response, string body)
    {
        if (Read(response.StatusCode, body) is not { } error)
        {
            return null;
        }

        var delay = error.RetryAfter
            ?? response.Headers.RetryAfter?.Delta
            ?? (error.Kind == ProviderErrorKind.RateLimited ? DefaultRateLimitDelay : null);
        return error with
        {
            Message = error.Message.Length <= LongestMessage ? error.Message : error.Message[..LongestMessage] + "…",
            Status = response.StatusCode,
            RetryAfter = delay,
            RequestId = RequestIdOf(response),
        };
    }

    public string? RequestIdOf(HttpResponseMessage response) =>
        RequestIdHeader is { } header && response.Headers.TryGetValues(header, out var values) ? values.FirstOrDefault() : null;

    /// <summary>Awaits a look; null when the provider says that there is no such thing.</summary>
    public static async Task<T?> NullWhenAbsentAsync<T>(Task<T> call)
        where T : class
    {
        try
        {
            return await call;
        }
        catch (ProviderException error) when (error.Kind == ProviderErrorKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>Awaits a removal; what is already gone is removed.</summary>
    public static async Task IgnoreAbsenceAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (ProviderException error) when (error.Kind == ProviderErrorKind.NotFound)
        {
            // The outcome is the one that was wanted.
        }
    }

    /// <summary>Reads one answer in the provider's own form; null when it is a success.</summary>
    protected abstract ProviderError? Read(HttpStatusCode status, string body);

    protected static bool IsSuccess(HttpStatusCode status) => (int)status is >= 200 and < 300;

    /// <summary>What a status means when the provider's own code says nothing more.</summary>
    protected static ProviderErrorKind KindOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ProviderErrorKind.Auth,
        HttpStatusCode.NotFound or HttpStatusCode.Gone => ProviderErrorKind.NotFound,
        HttpStatusCode.Conflict => ProviderErrorKind.Conflict,
        HttpStatusCode.TooManyRequests => ProviderErrorKind.RateLimited,
        HttpStatusCode.RequestTimeout => ProviderErrorKind.Transient,
        >= HttpStatusCode.InternalServerError => ProviderErrorKind.Transient,
        _ => ProviderErrorKind.Permanent,
    };

    /// <summary>The body as the provider's error form; null when it is something else, such as a proxy's HTML page.</summary>
    protected static T? Parse<T>(string body)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(body, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What to say about an answer that is not in the provider's error form.</summary>
    protected static string Fallback(HttpStatusCode status, string body) =>
        string.IsNullOrWhiteSpace(body) ? $"answered {(int)status} without a reason" : body.Trim();
}
