using System.Runtime.InteropServices;

namespace Azure.Messaging.ServiceBus;

internal sealed record OutgoingMessage(
    string MessageId,
    string? Subject,
    string? ContentType,
    string? CorrelationId,
    string Properties,
    byte[] Body,
    TimeSpan? TimeToLive,
    DateTime? ScheduledAt)
{
    internal static OutgoingMessage From(ServiceBusMessage message) => new(
        message.MessageId ?? Guid.NewGuid().ToString("N"),
        message.Subject,
        message.ContentType,
        message.CorrelationId,
        ApplicationPropertyJson.Write(message.ApplicationProperties),
        Bytes(message.Body.ToMemory()),
        message.TimeToLive == TimeSpan.MaxValue ? null : message.TimeToLive,
        message.ScheduledEnqueueTime == default ? null : message.ScheduledEnqueueTime.UtcDateTime);

    private static byte[] Bytes(ReadOnlyMemory<byte> body) =>
        MemoryMarshal.TryGetArray(body, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : body.ToArray();
}
