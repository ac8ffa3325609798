using Microsoft.DurableTask.Client;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Provisioning.Hetzner;

/// <summary>Tells tenants that wait for a slot that there are some, those that have waited longest first.</summary>
public sealed class SlotOffers(OperationStore operations, ServerStore servers)
{
    /// <summary>Offers as many slots as are free. An offer too many does no harm: its tenant looks and waits again.</summary>
    public async Task OfferAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        var free = await servers.CountFreeSlotsAsync(cancellationToken);
        if (free == 0)
        {
            return;
        }

        foreach (var operationId in await operations.ListWaitingAsync(SignupIntake.OperationKind, free, cancellationToken))
        {
            await client.RaiseEventAsync(
                OperationStarter.InstanceId(operationId), ProvisionOnHetzner.SlotOffered, cancellation: cancellationToken);
        }
    }
}
