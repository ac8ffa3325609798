using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Servers;

/// <summary>Looks whether the server has reported where its database is.</summary>
public sealed class AwaitInstallation(StepRunner steps, OperationStore operations, ServerOrders orders)
{
    /// <summary>The step. False until it has.</summary>
    [Function(nameof(AwaitInstallation))]
    public Task<bool> RunAsync([ActivityTrigger] ServerInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(AwaitInstallation),
            async () =>
            {
                var order = await orders.GetWantedAsync(input.OrderId, cancellationToken);
                if (order.DatabaseId is not null)
                {
                    return StepOutcome.Done("The server has reported its database.");
                }

                await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                return StepOutcome.Waits(
                    $"Install server {order.ServerNumber} at {order.ServerIp} as deploy/hetzner/README.md says. "
                    + $"POST /api/servers/orders/{order.Id}/installation answers the key to log in with and the token to report with.");
            },
            cancellationToken);
}
