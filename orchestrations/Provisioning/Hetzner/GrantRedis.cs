using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Provisioning.Hetzner;

/// <summary>Gives the tenant its own user in the server's Redis, with keys below its own prefix.</summary>
public sealed class GrantRedis(StepRunner steps, PlacementStore placements, ServerStore servers, SharedRedis redis)
{
    /// <summary>The step.</summary>
    [Function(nameof(GrantRedis))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(GrantRedis),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var server = (await servers.FindAsync(placement.ServerId!.Value, cancellationToken))!;
                await redis.AddTenantAsync(server, placement.Names, cancellationToken);
                return StepOutcome.Done(server.Redis is null
                    ? $"{server.Name} has none."
                    : $"User {placement.Names.TenantRole}, keys {SharedRedis.Prefix(placement.Names)}*.");
            },
            cancellationToken);

    /// <summary>Takes user and keys away.</summary>
    [Function("Undo" + nameof(GrantRedis))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(GrantRedis),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                if (placement.ServerId is { } serverId
                    && await servers.FindAsync(serverId, cancellationToken) is { } server)
                {
                    await redis.RemoveTenantAsync(server, placement.Names, cancellationToken);
                }
            },
            cancellationToken);
}
