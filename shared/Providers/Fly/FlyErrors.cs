using System.Buffers;
using System.Net;

namespace WebHost.Providers.Fly;

/// <summary>What Fly's refusals mean: the one place that reads them, for the Machines API and GraphQL alike.</summary>
internal sealed class FlyErrors : ProviderErrors
{
    public const string Name = "Fly";
    public const string NameTaken = "name_taken";
    public const string AlreadyExists = "already_exists";
    public const string FailedPrecondition = "failed_precondition";
    public const string DeadlineExceeded = "deadline_exceeded";
    public const string NotOurs = "not_ours";
    private const string InsufficientCapacity = "insufficient_capacity";
    private static readonly SearchValues<char> CodeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    public override string Provider => Name;

    protected override string RequestIdHeader => "fly-request-id";

    /// <summary>We refuse to touch what is not ours.</summary>
    public static ProviderException Refuse(string operation, string reason) =>
        new(Name, operation, new ProviderError(ProviderErrorKind.Conflict, reason) { Code = NotOurs });

    protected override ProviderError? Read(HttpStatusCode status, string body)
    {
        if (IsSuccess(status))
        {
            return ReadGraphQl(body);
        }

        var error = Parse<ErrorResponse>(body);
        var message = error?.Error is { Length: > 0 } words ? words : Fallback(status, body);
        var code = error?.Status is { Length: > 0 } named and not "unknown" ? named : CodeIn(message);
        var kind = (status, code) switch
        {
            (_, InsufficientCapacity) => ProviderErrorKind.Capacity,
            (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) => ProviderErrorKind.Auth,
            // Older wordings carry no code: "insufficient memory available", "insufficient resources to create …".
            _ when message.Contains("insufficient", StringComparison.OrdinalIgnoreCase) => ProviderErrorKind.Capacity,
            (HttpStatusCode.UnprocessableEntity, _) when IsNameTaken(code, message) => ProviderErrorKind.Conflict,
            (_, AlreadyExists or FailedPrecondition) => ProviderErrorKind.Conflict,
            (_, DeadlineExceeded) => ProviderErrorKind.Transient,
            (HttpStatusCode.PreconditionFailed, _) => ProviderErrorKind.Conflict,
            _ => KindOf(status),
        };
        if (status == HttpStatusCode.UnprocessableEntity && IsNameTaken(code, message))
        {
            code = NameTaken;
        }

        return new ProviderError(kind, message) { Code = code };
    }

    private static bool IsNameTaken(string? code, string message) =>
        code == NameTaken || message.Contains("taken", StringComparison.OrdinalIgnoreCase);

    // flyd prefixes its words: "already_exists: unique machine name violation, …".
    private static string? CodeIn(string message)
    {
        var end = message.IndexOf(':', StringComparison.Ordinal);
        return end > 0 && message.AsSpan(0, end).IndexOfAnyExcept(CodeCharacters) < 0 ? message[..end] : null;
    }

    // GraphQL refuses with 200; the Machines API answers no "errors".
    private static ProviderError? ReadGraphQl(string body)
    {
        if (!body.Contains("\"errors\"", StringComparison.Ordinal)
            || Parse<GraphQlAnswer>(body)?.Errors?.OfType<GraphQlError>().ToList() is not { Count: > 0 } errors)
        {
            return null;
        }

        var code = errors[0].Extensions?.Code;
        var message = string.Join("; ", errors.Select(error => error.Message ?? "refused without a reason"));
        var kind = code switch
        {
            "UNAUTHORIZED" or "FORBIDDEN" => ProviderErrorKind.Auth,
            "NOT_FOUND" => ProviderErrorKind.NotFound,
            "RATE_LIMITED" or "TOO_MANY_REQUESTS" => ProviderErrorKind.RateLimited,
            "SERVER_ERROR" or "INTERNAL_SERVER_ERROR" => ProviderErrorKind.Transient,
            _ when IsNameTaken(null, message) => ProviderErrorKind.Conflict,
            _ => ProviderErrorKind.Permanent,
        };
        return new ProviderError(kind, message)
        {
            Code = kind == ProviderErrorKind.Conflict ? NameTaken : code,
        };
    }

    private sealed record ErrorResponse(string? Error, string? Status);

    private sealed record GraphQlAnswer(IReadOnlyList<GraphQlError?>? Errors);

    private sealed record GraphQlError(string? Message, GraphQlExtensions? Extensions);

    private sealed record GraphQlExtensions(string? Code);
}
