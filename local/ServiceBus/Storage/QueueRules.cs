namespace Azure.Messaging.ServiceBus;

/// <summary>What Azure keeps per queue; these are the portal's values for a new one.</summary>
internal sealed record QueueRules(TimeSpan LockDuration, int MaxDeliveryCount)
{
    internal static QueueRules Default { get; } = new(TimeSpan.FromSeconds(30), 10);
}
