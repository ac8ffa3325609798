using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Emergency;
using WebHost.Fleet;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Provisioning.Hetzner;
using WebHost.Quotas;
using WebHost.Retention;
using WebHost.Security;

namespace WebHost.Timers;

/// <summary>What is done by the clock.</summary>
public sealed class MaintenanceFunctions(
    OperationStarter starter,
    SlotOffers offers,
    PartitionKeeper partitions,
    StorageKeeper storage,
    MoveIntake moves,
    FailoverIntake failovers,
    ShippingBack shipping,
    PositionIndexKeeper indexes,
    RetentionKeeper retention,
    SecretKeeper secrets)
{
    /// <summary>Mends operations whose process died at the wrong moment, and tells waiting tenants of free slots.</summary>
    [Function("ResumeOperations")]
    public async Task ResumeOperations(
        [TimerTrigger("*/15 * * * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        await starter.MendAsync(client, cancellationToken);
        await offers.OfferAsync(client, cancellationToken);
        await moves.WakeAsync(client, cancellationToken);
        await failovers.WakeWaitingAsync(client, cancellationToken);
        await failovers.WakeAwaitingAsync(client, cancellationToken);
        await shipping.LiftForgottenFencesAsync(cancellationToken);
    }

    /// <summary>Ships what tenants that have moved write back to where they can be taken back to.</summary>
    [Function("ShipBack")]
    public Task ShipBack([TimerTrigger("5/30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        shipping.ShipAsync(cancellationToken);

    /// <summary>Makes the partitions of the days to come in every tenant database.</summary>
    [Function("MakePartitions")]
    public Task MakePartitions([TimerTrigger("0 20 */6 * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        partitions.MakeAheadAsync(cancellationToken);

    /// <summary>Measures what every tenant stores and reports who is over its quota.</summary>
    [Function("MeasureStorage")]
    public Task MeasureStorage([TimerTrigger("0 40 */6 * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        storage.MeasureAsync(cancellationToken);

    /// <summary>Gives the points of finished days their spatial index.</summary>
    [Function("IndexPositions")]
    public Task IndexPositions([TimerTrigger("0 30 */2 * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        indexes.RunAsync(cancellationToken);

    /// <summary>Encrypts stored secrets anew that a former master key encrypted.</summary>
    [Function("EncryptSecrets")]
    public Task EncryptSecrets([TimerTrigger("0 10 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        secrets.RunAsync(cancellationToken);

    /// <summary>Removes what is older than plans keep it.</summary>
    [Function("RemoveExpired")]
    public Task RemoveExpired([TimerTrigger("0 50 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        retention.RunAsync(cancellationToken);
}
