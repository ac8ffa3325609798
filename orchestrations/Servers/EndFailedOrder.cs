using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Providers.Hetzner;

namespace WebHost.Servers;

/// <summary>Which step of a server's order failed and why.</summary>
/// <param name="Input">The order's operation.</param>
/// <param name="Step">Name of the step.</param>
/// <param name="Reason">In the words of whoever refused.</param>
public sealed record FailedServerOrder(ServerInput Input, string Step, string Reason)
{
    /// <summary>The failure with no more of its reason than fits.</summary>
    public static FailedServerOrder Of(ServerInput input, string step, string reason) =>
        new(input, step, StepReason.Cut(reason));
}

/// <summary>
/// Closes the operation of an order that cannot go on. A server that an operator no longer wants is given back; one that
/// merely failed is paid for and stays ours, so that a retry goes on with it.
/// </summary>
public sealed class EndFailedOrder(
    OperationStore operations, ServerOrders orders, HetznerOrders hetzner, HetznerServers servers, AlertStore alerts)
{
    /// <summary>Kind of the alert for an order that failed, or left something behind.</summary>
    public const string Alert = "server-order-failed";

    /// <summary>The end of the operation.</summary>
    [Function(nameof(EndFailedOrder))]
    public async Task RunAsync([ActivityTrigger] FailedServerOrder failed, CancellationToken cancellationToken)
    {
        var operationId = failed.Input.OperationId;
        await operations.EndStepAsync(operationId, failed.Step, StepState.Failed, failed.Reason, cancellationToken);
        var order = await orders.GetAsync(failed.Input.OrderId, cancellationToken);
        var leftBehind = order.State == ServerOrderState.Cancelled
            ? await GiveBackAsync(order, cancellationToken)
            : await KeepAsync(order, failed, cancellationToken);
        await operations.EnterAsync(
            operationId, OperationState.Failed, new OperationError(failed.Step, failed.Reason, leftBehind), cancellationToken);
    }

    private async Task<IReadOnlyList<string>> GiveBackAsync(ServerOrder order, CancellationToken cancellationToken)
    {
        // It may have been delivered since anybody last looked.
        var number = order.ServerNumber ?? (order.TransactionId is { } transaction
            ? (await hetzner.FindAsync(transaction, cancellationToken))?.ServerNumber
            : null);
        if (number is { } delivered)
        {
            var lastDay = await CancelAsync(order, delivered, cancellationToken);
            await alerts.ResolveAsync(Alert, order.Id.ToString(), cancellationToken);
            return [$"Server {delivered} is given back and ends on {lastDay:yyyy-MM-dd}."];
        }

        if (order.TransactionId is null)
        {
            await alerts.ResolveAsync(Alert, order.Id.ToString(), cancellationToken);
            return [];
        }

        var advice = $"Order {order.TransactionId} is in process at Hetzner, and Robot has no call that withdraws it: write to Hetzner, or cancel the server in Robot when it comes.";
        await alerts.RaiseAsync(Alert, order.Id.ToString(), advice, cancellationToken);
        return [advice];
    }

    private async Task<DateOnly> CancelAsync(ServerOrder order, int server, CancellationToken cancellationToken)
    {
        try
        {
            return await servers.CancelAsync(server, cancellationToken);
        }
        catch (ProviderException refused)
        {
            await alerts.RaiseAsync(
                Alert,
                order.Id.ToString(),
                $"Server {server} is not wanted, and could not be given back: {refused.Message} "
                + "It is tried again for as long as it takes.",
                cancellationToken);
            throw;
        }
    }

    private async Task<IReadOnlyList<string>> KeepAsync(
        ServerOrder order, FailedServerOrder failed, CancellationToken cancellationToken)
    {
        await orders.EnterAsync(order.Id, ServerOrderState.Failed, cancellationToken);
        var ours = order switch
        {
            { ServerNumber: { } number } => $"Server {number} is ours and costs money.",
            { TransactionId: { } transaction } => $"Order {transaction} is placed and will cost money.",
            _ => "",
        };
        await alerts.RaiseAsync(
            Alert,
            order.Id.ToString(),
            $"{failed.Step} failed: {failed.Reason} {ours} POST /api/operations/{failed.Input.OperationId}/retry goes on where it stopped, POST /api/servers/orders/{order.Id}/approve does so at another price, and …/cancel gives it up.",
            cancellationToken);
        return ours.Length == 0 ? [] : [ours];
    }
}
