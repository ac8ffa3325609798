using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.SampleApp;

public sealed class QueueFunctions(ILogger<QueueFunctions> logger)
{
    [Function("Queue")]
    public void Run([ServiceBusTrigger("sample", Connection = "SampleQueues")] ServiceBusReceivedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Logs.Handled(logger, message.Body.ToString());
    }
}
