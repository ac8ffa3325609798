using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Provisioning.Hetzner;

/// <summary>Tells tenants that wait for a slot that there are some, those that have waited longest first.</summary>
public sealed partial class SlotOffers(OperationStore operations, ServerStore servers, ILogger<SlotOffers> logger)
{
    /// <summary>Offers as many slots as are free. An offer too many does no harm: its tenant looks and waits again.</summary>
    public async Task OfferAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        var free = await servers.CountFreeSlotsAsync(movingTenant: null, cancellationToken);
        if (free == 0)
        {
            return;
        }

        foreach (var operationId in await operations.ListWaitingAsync(nameof(ReserveSlot), free, cancellationToken))
        {
            try
            {
                await client.RaiseEventAsync(
                    OperationStarter.InstanceId(operationId), ProvisionOnHetzner.SlotOffered, cancellation: cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // Engines refuse events for an orchestration that has just died, each in its own words. The others must not
                // go without their offer for it, and a lost offer is made again.
                LogNotOffered(logger, operationId, exception);
            }
        }
    }

    [LoggerMessage(220, LogLevel.Warning, "Operation {OperationId} could not be told of a free slot.")]
    private static partial void LogNotOffered(ILogger logger, Guid operationId, Exception exception);
}
