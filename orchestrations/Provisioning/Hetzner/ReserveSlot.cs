using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Tenants;

namespace WebHost.Provisioning.Hetzner;

/// <summary>Reserves one of the 150 slots of a shared server, or says that the tenant must wait and has a server ordered.</summary>
public sealed class ReserveSlot(
    StepRunner steps,
    OperationStore operations,
    PlacementStore placements,
    ServerStore servers,
    ServerOrders orders,
    TenantStore tenants,
    AlertStore alerts)
{
    /// <summary>The step. False when every server is full.</summary>
    [Function(nameof(ReserveSlot))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(ReserveSlot),
            async () =>
            {
                var placement = await placements.GetAsync(provisioning.TenantId, cancellationToken);
                var reserved = await servers.ReserveSlotAsync(provisioning.TenantId, placement.Region, cancellationToken);
                if (reserved is not var (server, slot))
                {
                    return await WaitAsync(provisioning, placement.Region, cancellationToken);
                }

                await tenants.EnterAsync(provisioning.TenantId, TenantState.Provisioning, cancellationToken);
                return StepOutcome.Done($"Slot {slot} of {server.Capacity} on {server.Name} ({server.Region}).");
            },
            cancellationToken);

    /// <summary>Gives the slot back.</summary>
    [Function("Undo" + nameof(ReserveSlot))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(ReserveSlot),
            () => servers.ReleaseSlotAsync(provisioning.TenantId, cancellationToken),
            cancellationToken);

    private async Task<StepOutcome> WaitAsync(ProvisioningInput provisioning, string region, CancellationToken cancellationToken)
    {
        const string Reason = "Every shared server is full.";
        await tenants.EnterAsync(provisioning.TenantId, TenantState.WaitingForCapacity, cancellationToken);
        await operations.EnterAsync(provisioning.OperationId, OperationState.Waiting, null, cancellationToken);
        await orders.PrepareAsync(region, Reason, cancellationToken);
        await alerts.RaiseAsync(
            ServerRegistration.ServersFull,
            region,
            $"{Reason} New tenants wait. Approve the prepared order, or add a server with POST /api/servers.",
            cancellationToken);
        return StepOutcome.Waits($"{Reason} The tenant is next when a slot is free.");
    }
}
