using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Tenants;

namespace WebHost.Provisioning;

/// <summary>Opens the tenant for business.</summary>
public sealed class ActivateTenant(
    StepRunner steps, OperationStore operations, PlacementStore placements, TenantStore tenants, AlertStore alerts)
{
    /// <summary>The step, and the end of the operation.</summary>
    [Function(nameof(ActivateTenant))]
    public async Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken)
    {
        await steps.RunAsync(
            provisioning.OperationId,
            nameof(ActivateTenant),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                await placements.EnterAsync(provisioning.TenantId, placement.Epoch, PlacementState.Serving, cancellationToken);
                await tenants.EnterAsync(provisioning.TenantId, TenantState.Active, cancellationToken);
                await alerts.ResolveAsync(
                    FailedProvisioning.Alert, provisioning.TenantId.ToString(), cancellationToken);
                return StepOutcome.Done($"Reached at {placement.Hostname}.");
            },
            cancellationToken);
        await operations.EnterAsync(provisioning.OperationId, OperationState.Succeeded, null, cancellationToken);
        return true;
    }
}
