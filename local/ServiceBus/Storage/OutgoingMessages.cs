namespace Azure.Messaging.ServiceBus;

/// <summary>The messages of one send; they are committed together or not at all.</summary>
internal sealed record OutgoingMessages(string Queue, IReadOnlyList<OutgoingMessage> Messages, long SizeInBytes)
{
    internal static OutgoingMessages From(string queue, IReadOnlyList<ServiceBusMessage> messages)
    {
        var outgoing = new OutgoingMessage[messages.Count];
        var size = 0L;
        for (var i = 0; i < outgoing.Length; i++)
        {
            outgoing[i] = OutgoingMessage.From(messages[i]);
            size += MessageSize.Of(messages[i]);
        }

        return new OutgoingMessages(queue, outgoing, size);
    }
}
