using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Timers;

/// <summary>What is done by the clock.</summary>
public sealed class MaintenanceFunctions(OperationStarter starter, SlotOffers offers, PartitionKeeper partitions)
{
    /// <summary>Starts operations whose acceptance came no further, and tells waiting tenants of free slots.</summary>
    [Function("ResumeOperations")]
    public async Task ResumeOperations(
        [TimerTrigger("*/15 * * * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        await starter.StartForgottenAsync(client, cancellationToken);
        await offers.OfferAsync(client, cancellationToken);
    }

    /// <summary>Makes the partitions of the days to come in every tenant database.</summary>
    [Function("MakePartitions")]
    public Task MakePartitions([TimerTrigger("0 20 */6 * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        partitions.MakeAheadAsync(cancellationToken);
}
