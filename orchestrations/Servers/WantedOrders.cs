using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Servers;

/// <summary>Orders on which steps work.</summary>
internal static class WantedOrders
{
    /// <summary>The order, unless an operator has cancelled it meanwhile.</summary>
    /// <exception cref="StepRefusedException">It is cancelled.</exception>
    public static async Task<ServerOrder> GetWantedAsync(
        this ServerOrders orders, Guid id, CancellationToken cancellationToken)
    {
        var order = await orders.GetAsync(id, cancellationToken);
        return order.State == ServerOrderState.Cancelled
            ? throw new StepRefusedException("An operator cancelled the order.")
            : order;
    }
}
