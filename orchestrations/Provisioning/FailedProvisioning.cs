using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Tenants;

namespace WebHost.Provisioning;

/// <summary>What happens when provisioning cannot go on: everything is taken back, and the operation says what refused and why.</summary>
public sealed class FailedProvisioning(
    OperationStore operations, TenantStore tenants, PlacementStore placements, AlertStore alerts)
{
    /// <summary>Kind of the alert that a failed provisioning raises for its tenant.</summary>
    public const string Alert = "provisioning-failed";

    /// <summary>The orchestrators' way to take back their steps.</summary>
    internal static async Task TakeBackAsync(
        TaskOrchestrationContext context, ProvisioningInput provisioning, Saga saga, TaskFailedException failure)
    {
        var retries = provisioning.Retries.ToUndoOptions();
        var failed = FailedStep.Of(provisioning, failure.TaskName, failure.FailureDetails.ErrorMessage);
        await context.PersistAsync(() => context.CallActivityAsync(nameof(BeginTakingBack), failed, retries));
        failed = failed with { LeftBehind = await saga.UndoAsync() };
        await context.PersistAsync(() => context.CallActivityAsync(nameof(EndTakingBack), failed, retries));
    }

    /// <summary>Notes the failure where callers see it.</summary>
    [Function(nameof(BeginTakingBack))]
    public async Task BeginTakingBack([ActivityTrigger] FailedStep failed, CancellationToken cancellationToken)
    {
        await operations.EndStepAsync(
            failed.Provisioning.OperationId, failed.Step, StepState.Failed, failed.Reason, cancellationToken);
        await operations.EnterAsync(
            failed.Provisioning.OperationId, OperationState.Undoing, failed.ToError(), cancellationToken);
    }

    /// <summary>Closes the operation after everything that could be taken back was.</summary>
    [Function(nameof(EndTakingBack))]
    public async Task EndTakingBack([ActivityTrigger] FailedStep failed, CancellationToken cancellationToken)
    {
        var tenantId = failed.Provisioning.TenantId;
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        await placements.EnterAsync(tenantId, placement.Epoch, PlacementState.Abandoned, cancellationToken);
        await tenants.EnterAsync(tenantId, TenantState.ProvisioningFailed, cancellationToken);
        await alerts.RaiseAsync(Alert, tenantId.ToString(), failed.ToAdvice(), cancellationToken);
        await operations.EnterAsync(
            failed.Provisioning.OperationId, OperationState.Failed, failed.ToError(), cancellationToken);
    }
}

/// <summary>Which step of a provisioning failed and why.</summary>
/// <param name="Provisioning">The provisioning.</param>
/// <param name="Step">Name of the step.</param>
/// <param name="Reason">In the words of whoever refused.</param>
/// <param name="LeftBehind">Steps that could not be taken back.</param>
public sealed record FailedStep(ProvisioningInput Provisioning, string Step, string Reason, IReadOnlyList<string> LeftBehind)
{
    /// <summary>A failed step of which nothing has been taken back yet.</summary>
    public static FailedStep Of(ProvisioningInput provisioning, string step, string reason) =>
        new(provisioning, step, StepReason.Cut(reason), []);

    /// <summary>The failure as the operation shows it.</summary>
    public OperationError ToError() => new(Step, Reason, LeftBehind);

    /// <summary>The failure as an alert tells an operator.</summary>
    public string ToAdvice() => LeftBehind.Count == 0
        ? $"{Step} failed: {Reason} Everything was taken back. Mend the cause, then POST /api/operations/{Provisioning.OperationId}/retry."
        : $"{Step} failed: {Reason} These steps could not be taken back and may cost money: {string.Join(", ", LeftBehind)}.";
}
