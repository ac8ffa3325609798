using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

public sealed class ServiceBusTriggerAttribute(string queueName) : TriggerBindingAttribute
{
    public string? Connection { get; set; }

    public string? QueueName { get; } = queueName;

    public bool IsBatched { get; set; }

    /// <summary>When it is not written at the trigger, host.json's <c>autoCompleteMessages</c> (default true) holds.</summary>
    public bool AutoCompleteMessages { get; set; }
}
