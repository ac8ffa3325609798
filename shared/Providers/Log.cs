using Microsoft.Extensions.Logging;

namespace WebHost.Providers;

internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Debug, "{Provider} {Operation} answered {Status} in {Milliseconds} ms (request {RequestId})")]
    public static partial void Answered(
        ILogger logger, string provider, string operation, int status, double milliseconds, string? requestId);

    [LoggerMessage(
        3002,
        LogLevel.Information,
        "{Provider} {Operation} refused with {Status}: {Kind} {Code} in {Milliseconds} ms (request {RequestId})")]
    public static partial void Refused(
        ILogger logger,
        string provider,
        string operation,
        int status,
        ProviderErrorKind kind,
        string? code,
        double milliseconds,
        string? requestId);

    [LoggerMessage(3003, LogLevel.Warning, "{Provider} {Operation} was not answered: {Reason} ({Milliseconds} ms)")]
    public static partial void Unanswered(
        ILogger logger, string provider, string operation, string reason, double milliseconds);

    [LoggerMessage(3004, LogLevel.Information, "{Provider} {Operation} is repeated after attempt {Attempt} in {Milliseconds} ms")]
    public static partial void Repeated(
        ILogger logger, string provider, string operation, int attempt, double milliseconds);
}
