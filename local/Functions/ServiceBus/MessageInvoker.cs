using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.Functions;

/// <summary>Runs a function on received messages and settles those that it has not settled itself.</summary>
internal sealed class MessageInvoker(
    QueueFunction queue,
    ServiceBusReceiver receiver,
    FunctionPipeline pipeline,
    ServiceBusSettings settings,
    IServiceScopeFactory scopes,
    ILogger logger,
    CancellationToken stopRunning)
{
    internal async Task InvokeAsync(IReadOnlyList<ServiceBusReceivedMessage> messages)
    {
        var actions = new ServiceBusMessageActions(receiver);
        var succeeded = await RunAsync(messages, actions);
        var unsettled = messages.Where(message => !actions.HasSettled(message));
        if (!succeeded)
        {
            await SettleAsync(unsettled, message => receiver.AbandonMessageAsync(message));
        }
        else if (queue.AutoCompletes)
        {
            await SettleAsync(unsettled, message => receiver.CompleteMessageAsync(message));
        }
    }

    /// <summary>Gives messages back that no function has seen.</summary>
    internal Task ReturnAsync(IReadOnlyList<ServiceBusReceivedMessage> messages) =>
        SettleAsync(messages, message => receiver.AbandonMessageAsync(message));

    private async Task<bool> RunAsync(IReadOnlyList<ServiceBusReceivedMessage> messages, ServiceBusMessageActions actions)
    {
        using var finished = new CancellationTokenSource();
        var renewal = queue.IsBatched ? Task.CompletedTask : RenewAsync(messages[0], finished.Token);
        await using var scope = scopes.CreateAsyncScope();
        object trigger = queue.IsBatched ? messages.ToArray() : messages[0];
        var invocation = new LocalFunctionContext(queue.Function, scope.ServiceProvider, trigger, stopRunning)
        {
            MessageActions = actions,
        };
        try
        {
            await pipeline.RunAsync(invocation);
            return true;
        }
        catch (Exception exception)
        {
            logger.FunctionFailed(exception, queue.Function.Name, invocation.InvocationId);
            return false;
        }
        finally
        {
            await finished.CancelAsync();
            await renewal;
        }
    }

    /// <summary>Azure renews the locks of single messages only: a batch that takes longer than its lock is delivered again.</summary>
    private async Task RenewAsync(ServiceBusReceivedMessage message, CancellationToken finished)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(finished);
        limit.CancelAfter(settings.MaxAutoLockRenewalDuration);
        try
        {
            while (true)
            {
                await Task.Delay(receiver.LockDuration / 2, limit.Token);
                await receiver.RenewMessageLockAsync(message, limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Finished, or as long as is allowed.
        }
        catch (ServiceBusException)
        {
            // Settled by the function meanwhile, or lost; the settlement reports the latter.
        }
    }

    private Task SettleAsync(
        IEnumerable<ServiceBusReceivedMessage> messages, Func<ServiceBusReceivedMessage, Task> settle) =>
        Task.WhenAll(messages.Select(async message =>
        {
            try
            {
                await settle(message);
            }
            catch (ServiceBusException exception)
            {
                logger.SettlementFailed(exception, queue.Queue, message.SequenceNumber);
            }
        }));
}
