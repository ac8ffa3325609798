using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Providers.Hetzner;

namespace WebHost.Servers;

/// <summary>Looks whether Hetzner has built the server: minutes to days.</summary>
public sealed class AwaitDelivery(StepRunner steps, OperationStore operations, ServerOrders orders, HetznerOrders hetzner)
{
    /// <summary>The step. False while it is being built.</summary>
    [Function(nameof(AwaitDelivery))]
    public Task<bool> RunAsync([ActivityTrigger] ServerInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(AwaitDelivery),
            async () =>
            {
                var order = await orders.GetWantedAsync(input.OrderId, cancellationToken);
                if (order is { ServerNumber: { } known, ServerIp: { } at })
                {
                    return StepOutcome.Done($"Server {known} at {at}.");
                }

                try
                {
                    var placed = await hetzner.FindAsync(order.TransactionId!, cancellationToken);
                    switch (placed)
                    {
                        case { State: HetznerOrderState.Ready, ServerNumber: { } number, ServerIp: { Length: > 0 } address }:
                            await orders.NoteDeliveredAsync(order.Id, number, address, cancellationToken);
                            return StepOutcome.Done($"Server {number} at {address}.");
                        case { State: HetznerOrderState.Cancelled }:
                            throw new StepRefusedException($"Hetzner cancelled order {order.TransactionId}.");
                        case { State: HetznerOrderState.Ready }:
                            throw new StepRefusedException($"Hetzner delivered order {order.TransactionId} without an IPv4 address.");
                        default:
                            return await WaitAsync($"Order {order.TransactionId} is in process at Hetzner.");
                    }
                }
                catch (ProviderException silent) when (silent.IsRetryable)
                {
                    // An outage of minutes is nothing to a wait of days.
                    return await WaitAsync(silent.Message);
                }

                async Task<StepOutcome> WaitAsync(string forWhat)
                {
                    await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                    return StepOutcome.Waits(forWhat);
                }
            },
            cancellationToken);
}
