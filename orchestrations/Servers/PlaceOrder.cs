using Microsoft.Azure.Functions.Worker;
using WebHost.Data;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Providers.Hetzner;
using WebHost.Security;

namespace WebHost.Servers;

/// <summary>
/// Orders the server, or finds that it is ordered. Robot takes no key that would make a repeat harmless, so the order is known
/// by an SSH key that was kept before the first attempt, and attempts line up.
/// </summary>
public sealed class PlaceOrder(
    StepRunner steps,
    OperationStore operations,
    ServerOrders orders,
    ControlDatabase control,
    SecretStore secrets,
    HetznerOrders hetzner)
{
    private const string Distribution = "Debian 12 base";

    /// <summary>Name of the secret that is the private key of an order's server.</summary>
    public static string KeySecret(Guid orderId) => $"server-order/{orderId}/ssh";

    /// <summary>The step. False when Robot did not say whether it took the order.</summary>
    [Function(nameof(PlaceOrder))]
    public Task<bool> RunAsync([ActivityTrigger] ServerInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(PlaceOrder),
            () => control.TransactAsync(
                async transaction =>
                {
                    await transaction.Sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", $"server order {input.OrderId}")
                        .RunAsync(cancellationToken);
                    return await PlaceAsync(input, cancellationToken);
                },
                cancellationToken),
            cancellationToken);

    private async Task<StepOutcome> PlaceAsync(ServerInput input, CancellationToken cancellationToken)
    {
        var order = await orders.GetWantedAsync(input.OrderId, cancellationToken);
        if (order.TransactionId is { } known)
        {
            return StepOutcome.Done($"Order {known}.");
        }

        var key = SshKeyPair.FromPrivateKey(await secrets.GetOrAddAsync(
            KeySecret(order.Id), () => Task.FromResult(SshKeyPair.Generate().PrivateKey), cancellationToken));
        try
        {
            var placed = await hetzner.EnsureOrderAsync(
                new HetznerOrderRequest(
                    order.Product,
                    order.Location.ToUpperInvariant(),
                    Distribution,
                    order.ServerName,
                    key.PublicKey,
                    order.MonthlyCeilingEur!.Value,
                    order.SetupCeilingEur!.Value),
                cancellationToken);
            await orders.NotePlacedAsync(order.Id, placed.Id, cancellationToken);
            return StepOutcome.Done($"Order {placed.Id}.");
        }
        catch (ProviderException unclear) when (unclear.Kind == ProviderErrorKind.Transient)
        {
            // It may have been taken and not be listed yet: looking again at once could order a second server.
            await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
            return StepOutcome.Waits($"Robot did not say whether it took the order; looking again before ordering. {unclear.Message}");
        }
    }
}
