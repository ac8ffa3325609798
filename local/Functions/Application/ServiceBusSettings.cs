namespace WebHost.Local.Functions;

internal sealed record ServiceBusSettings
{
    /// <summary>More than 0 lets a trigger fetch its next messages while the function still works on the last ones.</summary>
    public int PrefetchCount { get; init; }

    public int MaxMessageBatchSize { get; init; } = 1000;

    /// <summary>Invocations at once of a function that takes single messages.</summary>
    public int MaxConcurrentCalls { get; init; } = 16;

    public bool AutoCompleteMessages { get; init; } = true;

    /// <summary>How long the lock of a single message is renewed; a batch must be done within the lock's duration.</summary>
    public TimeSpan MaxAutoLockRenewalDuration { get; init; } = TimeSpan.FromMinutes(5);
}
