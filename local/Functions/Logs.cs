using Microsoft.Extensions.Logging;

namespace WebHost.Local.Functions;

internal static partial class Logs
{
    [LoggerMessage(1, LogLevel.Information,
        "Listening on {Address} ({Http} HTTP, {Timers} timer, {Queues} queue, {Orchestrators} orchestrator, {Activities} activity functions)")]
    internal static partial void Started(
        this ILogger logger, Uri address, int http, int timers, int queues, int orchestrators, int activities);

    [LoggerMessage(2, LogLevel.Information, "Stopped")]
    internal static partial void Stopped(this ILogger logger);

    [LoggerMessage(10, LogLevel.Error, "Function '{Function}' failed, invocation {InvocationId}")]
    internal static partial void FunctionFailed(this ILogger logger, Exception exception, string function, string invocationId);

    [LoggerMessage(20, LogLevel.Warning, "Timer '{Function}' cannot reach its database; trying again in {Delay}")]
    internal static partial void TimerDatabaseFailed(this ILogger logger, Exception exception, string function, TimeSpan delay);

    [LoggerMessage(30, LogLevel.Warning, "Queue '{Queue}' cannot be read; trying again in {Delay}")]
    internal static partial void QueueFailed(this ILogger logger, Exception exception, string queue, TimeSpan delay);

    [LoggerMessage(31, LogLevel.Warning, "Queue '{Queue}': message {SequenceNumber} was not settled and will be delivered again")]
    internal static partial void SettlementFailed(this ILogger logger, Exception exception, string queue, long sequenceNumber);
}
