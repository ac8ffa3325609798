using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Emergency;

/// <summary>Removes what is left of the homes that the tenant has left behind.</summary>
public sealed class RemoveOldHomes(
    StepRunner steps,
    OperationStore operations,
    FailoverStore failovers,
    TenantDatabaseStore databases,
    HomeProbe probe,
    HomeProof proof)
{
    /// <summary>False while an operation whose place the failover has taken is still at work: it may still make things.</summary>
    [Function(nameof(AwaitLingering))]
    public Task<bool> AwaitLingering(
        [ActivityTrigger] FailoverInput input,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(RemoveOldHomes),
            async () =>
            {
                var lingering = await failovers.ListLingeringAsync(input.TenantId, cancellationToken);
                if (lingering.Count == 0)
                {
                    return StepOutcome.Done("Nothing of the tenant is at work beside.");
                }

                foreach (var operationId in lingering)
                {
                    // One that waits for somebody to have a step tried again learns that nobody will.
                    await client.RaiseEventAsync(
                        OperationStarter.InstanceId(operationId), FailOver.Wake, cancellation: cancellationToken);
                }

                await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                return StepOutcome.Waits($"Operations are ending: {string.Join(", ", lingering)}.");
            },
            cancellationToken);

    /// <summary>The homes, and whether their databases can be asked to remove anything.</summary>
    [Function(nameof(ListOldHomes))]
    public async Task<OldHome[]> ListOldHomes([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken)
    {
        var found = new List<OldHome>();
        foreach (var home in await failovers.ListHomesLeftAsync(input.OperationId, cancellationToken))
        {
            var reachable = home is { DatabaseId: { } databaseId, Outcome: not (HomeOutcome.Gone or HomeOutcome.GivenUp) }
                && await databases.FindAsync(databaseId, cancellationToken) is { } database
                && (await probe.LookAsync(database, input.TenantId, cancellationToken)).Presence
                    is HomePresence.Present or HomePresence.Serving;
            found.Add(new OldHome(
                input, new MovingHome(home.Home, home.Provider, home.MadeBy ?? Guid.Empty), home.DatabaseId, reachable));
        }

        return [.. found];
    }

    /// <summary>
    /// Forgets a home whose steps are taken back, with what is kept here of a database that is lost, and proves that it is gone.
    /// </summary>
    [Function(nameof(ForgetOldHome))]
    public async Task<bool> ForgetOldHome([ActivityTrigger] OldHome old, CancellationToken cancellationToken)
    {
        var tenantId = old.Failover.TenantId;
        if (old is { IsReachable: false, DatabaseId: { } databaseId, Home.Provider: HostingProvider.Hetzner }
            && await databases.FindAsync(databaseId, cancellationToken) is { } database)
        {
            await databases.ForgetRoleAsync(
                database, new ResourceNames(tenantId, old.Home.Home).TenantRole, cancellationToken);
        }

        await proof.ProveGoneAsync(tenantId, old.Home.Home, cancellationToken);
        await failovers.NoteRemovedAsync(tenantId, old.Home.Home, cancellationToken);
        return true;
    }

    /// <summary>The step, when every home is gone.</summary>
    [Function(nameof(RemoveOldHomes))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(RemoveOldHomes),
            async () => (await failovers.ListHomesLeftAsync(input.OperationId, cancellationToken)) is { Count: > 0 } left
                ? throw new InvalidOperationException($"Of {left.Count} homes something is left.")
                : StepOutcome.Done("Nothing is left of the lost home but, perhaps, rows on a disk that does not answer."),
            cancellationToken);
}
