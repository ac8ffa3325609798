using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;

namespace WebHost.Local.DurableTask;

/// <summary>How the local engine runs.</summary>
public sealed class LocalDurableTaskOptions
{
    /// <summary>The PostgreSQL database that holds everything. Required.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The schema of the engine's tables. Processes with the same hub share its work.</summary>
    public string HubName { get; set; } = "durabletask";

    /// <summary>Activities that this process runs at once.</summary>
    public int MaxConcurrentActivities { get; set; } = 64;

    /// <summary>Orchestrations that this process takes a step of at once.</summary>
    public int MaxConcurrentOrchestrations { get; set; } = 200;

    /// <summary>How long work stays with a process that no longer renews its lease, as one that was killed.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often to look for work that no notification announced.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the process keeps an idle orchestration in memory, so that its next step needs no replay.</summary>
    public TimeSpan IdleRetention { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many orchestrations the process keeps in memory between their steps; 0 replays every step.</summary>
    public int MaxIdleOrchestrations { get; set; } = 2000;

    /// <summary>When finished orchestrations are deleted; null keeps them.</summary>
    public TimeSpan? RetentionOfFinished { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Turns inputs, outputs and events into text.</summary>
    public DataConverter DataConverter { get; set; } = JsonDataConverter.Default;
}
