using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>What the engine logs. Inputs, outputs and events never are.</summary>
internal static partial class Logs
{
    [LoggerMessage(7001, LogLevel.Information, "Durable worker {Worker} serves hub {Hub}")]
    public static partial void Started(ILogger logger, Guid worker, string hub);

    [LoggerMessage(7002, LogLevel.Information, "Durable worker {Worker} has stopped")]
    public static partial void Stopped(ILogger logger, Guid worker);

    [LoggerMessage(7003, LogLevel.Warning, "Work was still running when the durable worker had to stop; its leases run out")]
    public static partial void StoppedEarly(ILogger logger);

    [LoggerMessage(7010, LogLevel.Debug, "Orchestration {Name} '{InstanceId}' ended: {Status}")]
    public static partial void Finished(ILogger logger, string name, string instanceId, OrchestrationRuntimeStatus status);

    [LoggerMessage(7011, LogLevel.Warning, "Lost the lease of orchestration {Name} '{InstanceId}' before its step was stored")]
    public static partial void LeaseLost(ILogger logger, string name, string instanceId);

    [LoggerMessage(7012, LogLevel.Error, "A step of orchestration {Name} '{InstanceId}' could not be taken")]
    public static partial void StepFailed(ILogger logger, Exception exception, string name, string instanceId);

    [LoggerMessage(7013, LogLevel.Error, "Orchestration {Name} '{InstanceId}' broke the rules: {Reason}")]
    public static partial void RuleBroken(ILogger logger, string name, string instanceId, string reason);

    [LoggerMessage(7020, LogLevel.Warning, "Activity {Name} (#{TaskId}) of orchestration '{InstanceId}' failed")]
    public static partial void ActivityFailed(
        ILogger logger, Exception exception, string name, int taskId, string instanceId);

    [LoggerMessage(7021, LogLevel.Error, "The outcome of activity {Name} of orchestration '{InstanceId}' could not be stored")]
    public static partial void OutcomeNotStored(ILogger logger, Exception exception, string name, string instanceId);

    [LoggerMessage(7030, LogLevel.Warning, "A commit of {Count} changes was interrupted and is being repeated or looked up")]
    public static partial void CommitInterrupted(ILogger logger, Exception exception, int count);

    [LoggerMessage(7031, LogLevel.Warning, "The database cannot be reached yet")]
    public static partial void StillAway(ILogger logger, Exception exception);

    [LoggerMessage(7032, LogLevel.Warning, "One of {Count} changes cannot be stored; committing them one by one")]
    public static partial void CommittingOneByOne(ILogger logger, Exception exception, int count);

    [LoggerMessage(7033, LogLevel.Warning, "The durable worker was interrupted and goes on")]
    public static partial void LoopInterrupted(ILogger logger, Exception exception);

    [LoggerMessage(7040, LogLevel.Information, "Purged {Count} orchestrations that had finished before {Before:u}")]
    public static partial void Purged(ILogger logger, int count, DateTime before);
}
