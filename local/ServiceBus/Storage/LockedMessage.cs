namespace Azure.Messaging.ServiceBus;

/// <summary>A lock and what its holder wants; <see cref="Properties"/> is merged into the message's own.</summary>
internal readonly record struct LockedMessage(long SequenceNumber, Guid LockToken, LockChange Change, string Properties);
