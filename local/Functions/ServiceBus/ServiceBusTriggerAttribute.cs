using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

public sealed class ServiceBusTriggerAttribute(string queueName) : TriggerBindingAttribute
{
    public string? Connection { get; set; }

    public string? QueueName { get; } = queueName;

    public bool IsBatched { get; set; }

    /// <summary>When a trigger does not say it, host.json's <c>autoCompleteMessages</c> (default true) holds.</summary>
    public bool AutoCompleteMessages { get; set; }
}
