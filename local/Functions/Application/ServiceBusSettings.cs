namespace WebHost.Local.Functions;

internal sealed record ServiceBusSettings
{
    /// <summary>More than 0 fetches the next batch while the function still works on the last one.</summary>
    public int PrefetchCount { get; init; }

    public int MaxMessageBatchSize { get; init; } = 1000;

    /// <summary>A batch with fewer waits for more.</summary>
    public int MinMessageBatchSize { get; init; } = 1;

    /// <summary>How long it waits at most.</summary>
    public TimeSpan MaxBatchWaitTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Invocations at once of a function that takes single messages.</summary>
    public int MaxConcurrentCalls { get; init; } = 16;

    public bool AutoCompleteMessages { get; init; } = true;

    /// <summary>How long the lock of a single message is renewed; a batch must be done within one lock duration.</summary>
    public TimeSpan MaxAutoLockRenewalDuration { get; init; } = TimeSpan.FromMinutes(5);
}
