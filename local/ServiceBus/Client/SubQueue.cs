using System.Diagnostics.CodeAnalysis;

namespace Azure.Messaging.ServiceBus;

[SuppressMessage("Naming", "CA1711", Justification = "The name is the mirrored API's.")]
public enum SubQueue
{
    None = 0,
    DeadLetter = 1,
}
