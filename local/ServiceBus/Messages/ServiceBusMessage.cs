namespace Azure.Messaging.ServiceBus;

public class ServiceBusMessage
{
    public ServiceBusMessage()
        : this(BinaryData.Empty)
    {
    }

    public ServiceBusMessage(string body)
        : this(BinaryData.FromString(body))
    {
    }

    public ServiceBusMessage(ReadOnlyMemory<byte> body)
        : this(BinaryData.FromBytes(body))
    {
    }

    public ServiceBusMessage(BinaryData body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Body = body;
    }

    public ServiceBusMessage(ServiceBusReceivedMessage receivedMessage)
        : this((receivedMessage ?? throw new ArgumentNullException(nameof(receivedMessage))).Body)
    {
        MessageId = receivedMessage.MessageId;
        Subject = receivedMessage.Subject;
        ContentType = receivedMessage.ContentType;
        CorrelationId = receivedMessage.CorrelationId;
        TimeToLive = receivedMessage.TimeToLive;
        foreach (var (name, value) in receivedMessage.ApplicationProperties)
        {
            if (name is not (ServiceBusReceivedMessage.DeadLetterReasonProperty
                or ServiceBusReceivedMessage.DeadLetterDescriptionProperty))
            {
                ApplicationProperties[name] = value;
            }
        }
    }

    public BinaryData Body { get; set; }

    public string? MessageId
    {
        get;
        set
        {
            if (value is { Length: 0 or > 128 })
            {
                throw new ArgumentException(
                    $"A message id has 1 to 128 characters, this one {value.Length}.", nameof(value));
            }

            field = value;
        }
    }

    public string? Subject { get; set; }

    public string? ContentType { get; set; }

    public string? CorrelationId { get; set; }

    public TimeSpan TimeToLive
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    }
        = TimeSpan.MaxValue;

    /// <summary>The default value means at once.</summary>
    public DateTimeOffset ScheduledEnqueueTime { get; set; }

    /// <summary>
    /// Values may be string, bool, byte, sbyte, short, ushort, int, uint, long, ulong, float, double, decimal, char, Guid,
    /// Uri, DateTime, DateTimeOffset or TimeSpan; sending any other throws a SerializationException.
    /// </summary>
    public IDictionary<string, object> ApplicationProperties { get; } = new Dictionary<string, object>();
}
