using System.Text;

namespace Azure.Messaging.ServiceBus;

/// <summary>
/// What a message weighs against the Standard tier's limit, in bytes: body, properties and an allowance for the framing
/// that the service adds. The allowance errs upwards, so that what fits here fits there.
/// </summary>
internal static class MessageSize
{
    internal const long Limit = 256 * 1024;

    private const int FramingPerMessage = 128;
    private const int FramingPerProperty = 16;

    internal static long Of(ServiceBusMessage message)
    {
        var size = (long)FramingPerMessage
            + message.Body.ToMemory().Length
            + Text(message.MessageId)
            + Text(message.Subject)
            + Text(message.ContentType)
            + Text(message.CorrelationId);
        foreach (var (name, value) in message.ApplicationProperties)
        {
            size += FramingPerProperty + Text(name) + (value is string text ? Text(text) : 16);
        }

        return size;
    }

    private static int Text(string? value) => value is null ? 0 : Encoding.UTF8.GetByteCount(value);
}
