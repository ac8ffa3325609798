using Azure.Messaging.ServiceBus;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Settles messages one by one; those that it has settled are left alone when the function returns.</summary>
public class ServiceBusMessageActions
{
    private readonly ServiceBusReceiver _receiver;
    private readonly HashSet<long> _settled = [];

    internal ServiceBusMessageActions(ServiceBusReceiver receiver) => _receiver = receiver;

    public virtual Task CompleteMessageAsync(
        ServiceBusReceivedMessage message, CancellationToken cancellationToken = default) =>
        SettleAsync(message, _receiver.CompleteMessageAsync(message, cancellationToken));

    public virtual Task AbandonMessageAsync(
        ServiceBusReceivedMessage message,
        IDictionary<string, object>? propertiesToModify = default,
        CancellationToken cancellationToken = default) =>
        SettleAsync(message, _receiver.AbandonMessageAsync(message, propertiesToModify, cancellationToken));

    public virtual Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message,
        Dictionary<string, object>? propertiesToModify = default,
        string? deadLetterReason = default,
        string? deadLetterErrorDescription = default,
        CancellationToken cancellationToken = default) =>
        SettleAsync(
            message,
            deadLetterReason is null
                ? _receiver.DeadLetterMessageAsync(message, propertiesToModify, cancellationToken)
                : _receiver.DeadLetterMessageAsync(
                    message, propertiesToModify ?? [], deadLetterReason, deadLetterErrorDescription, cancellationToken));

    public virtual Task DeferMessageAsync(
        ServiceBusReceivedMessage message,
        IDictionary<string, object>? propertiesToModify = default,
        CancellationToken cancellationToken = default) =>
        SettleAsync(message, _receiver.DeferMessageAsync(message, propertiesToModify, cancellationToken));

    public virtual Task RenewMessageLockAsync(
        ServiceBusReceivedMessage message, CancellationToken cancellationToken = default) =>
        _receiver.RenewMessageLockAsync(message, cancellationToken);

    internal bool HasSettled(ServiceBusReceivedMessage message)
    {
        lock (_settled)
        {
            return _settled.Contains(message.SequenceNumber);
        }
    }

    private async Task SettleAsync(ServiceBusReceivedMessage message, Task settlement)
    {
        await settlement;
        lock (_settled)
        {
            _settled.Add(message.SequenceNumber);
        }
    }
}
