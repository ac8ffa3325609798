namespace Azure.Messaging.ServiceBus;

public class ServiceBusReceivedMessage
{
    internal const string DeadLetterReasonProperty = "DeadLetterReason";
    internal const string DeadLetterDescriptionProperty = "DeadLetterErrorDescription";

    internal ServiceBusReceivedMessage()
    {
    }

    public required BinaryData Body { get; init; }

    public required string MessageId { get; init; }

    public string? Subject { get; init; }

    public string? ContentType { get; init; }

    public string? CorrelationId { get; init; }

    public required IReadOnlyDictionary<string, object> ApplicationProperties { get; init; }

    public long SequenceNumber { get; init; }

    public int DeliveryCount { get; init; }

    public DateTimeOffset EnqueuedTime { get; init; }

    public DateTimeOffset ScheduledEnqueueTime { get; init; }

    public DateTimeOffset ExpiresAt { get; init; } = DateTimeOffset.MaxValue;

    public TimeSpan TimeToLive =>
        ExpiresAt == DateTimeOffset.MaxValue ? TimeSpan.MaxValue : ExpiresAt - EnqueuedTime;

    public string LockToken => LockTokenGuid.ToString();

    public DateTimeOffset LockedUntil { get; internal set; }

    public ServiceBusMessageState State { get; init; }

    public string? DeadLetterReason => ApplicationProperties.GetValueOrDefault(DeadLetterReasonProperty) as string;

    public string? DeadLetterErrorDescription =>
        ApplicationProperties.GetValueOrDefault(DeadLetterDescriptionProperty) as string;

    internal Guid LockTokenGuid { get; init; }
}
