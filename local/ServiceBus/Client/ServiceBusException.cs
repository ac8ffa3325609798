namespace Azure.Messaging.ServiceBus;

public class ServiceBusException : Exception
{
    public ServiceBusException()
    {
    }

    public ServiceBusException(
        string message, ServiceBusFailureReason reason, string? entityPath = null, Exception? innerException = null)
        : base($"{message} ({reason}{(entityPath is null ? "" : $", queue '{entityPath}'")})", innerException)
    {
        Reason = reason;
        EntityPath = entityPath;
    }

    public ServiceBusFailureReason Reason { get; }

    public string? EntityPath { get; }

    public bool IsTransient => Reason == ServiceBusFailureReason.ServiceCommunicationProblem;
}
