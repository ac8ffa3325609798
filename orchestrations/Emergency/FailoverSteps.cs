using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>What a step of a failover works with.</summary>
/// <param name="Failover">The failover as it stands.</param>
/// <param name="Target">The home that takes the lost one's place.</param>
/// <param name="TargetDatabase">Its database.</param>
public sealed record FailingTenant(Failover Failover, TenantPlacement Target, TenantDatabaseAddress TargetDatabase);

/// <summary>Runs the work of an activity as a step of a failover.</summary>
public sealed class FailoverSteps(
    StepRunner steps, FailoverStore failovers, PlacementStore placements, TenantDatabaseStore databases)
{
    /// <summary>Runs one attempt.</summary>
    /// <returns>True when the step is done, false when it waits.</returns>
    public Task<bool> RunAsync(
        FailoverInput input,
        string step,
        Func<FailingTenant, Task<StepOutcome>> work,
        CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            step,
            async () =>
            {
                var target = await placements.GetHomeAsync(input.TenantId, input.Target.Home, cancellationToken);
                var databaseId = target.DatabaseId ?? throw new InvalidOperationException(
                    $"Home {target.Home} of tenant {target.TenantId} has no database.");
                return await work(new FailingTenant(
                    await failovers.GetAsync(input.OperationId, cancellationToken),
                    target,
                    await databases.GetAsync(databaseId, cancellationToken)));
            },
            cancellationToken);
}
