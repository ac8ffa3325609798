using Microsoft.Azure.Functions.Worker;
using WebHost.Configuration;
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
    AlertStore alerts,
    Settings settings)
{
    /// <summary>The step. False when every server is full.</summary>
    [Function(nameof(ReserveSlot))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(ReserveSlot),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var reserved = await servers.ReserveSlotAsync(
                    provisioning.TenantId,
                    provisioning.Home,
                    placement.Region,
                    placement.State == PlacementState.Elsewhere ? settings.Migrations.SlotReservation : null,
                    cancellationToken);
                if (reserved is not var (server, slot))
                {
                    return await WaitAsync(provisioning, placement, cancellationToken);
                }

                await EnterAsync(placement, TenantState.Provisioning, cancellationToken);
                return StepOutcome.Done($"Slot {slot} of {server.Capacity} on {server.Name} ({server.Region}).");
            },
            cancellationToken);

    /// <summary>Gives the slot back.</summary>
    [Function("Undo" + nameof(ReserveSlot))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(ReserveSlot),
            () => servers.ReleaseSlotAsync(provisioning.TenantId, provisioning.Home, cancellationToken),
            cancellationToken);

    // A tenant that is served from elsewhere meanwhile lacks nothing.
    private Task EnterAsync(TenantPlacement home, TenantState state, CancellationToken cancellationToken) =>
        home.State == PlacementState.Elsewhere ? Task.CompletedTask : tenants.EnterAsync(home.TenantId, state, cancellationToken);

    private async Task<StepOutcome> WaitAsync(
        ProvisioningInput provisioning, TenantPlacement home, CancellationToken cancellationToken)
    {
        const string Reason = "Every shared server is full.";
        await EnterAsync(home, TenantState.WaitingForCapacity, cancellationToken);
        await operations.EnterAsync(provisioning.OperationId, OperationState.Waiting, null, cancellationToken);
        await orders.PrepareAsync(home.Region, Reason, cancellationToken);
        await alerts.RaiseAsync(
            ServerRegistration.ServersFull,
            home.Region,
            $"{Reason} New tenants wait. Approve the prepared order, or add a server with POST /api/servers.",
            cancellationToken);
        return StepOutcome.Waits($"{Reason} The tenant is next when a slot is free.");
    }
}
