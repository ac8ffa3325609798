using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers.Redis;

namespace WebHost.Provisioning.Fly;

/// <summary>Creates the tenant's Redis.</summary>
public sealed class CreateRedis(StepRunner steps, PlacementStore placements, IRedisService redis)
{
    /// <summary>The step.</summary>
    [Function(nameof(CreateRedis))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(CreateRedis),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var instance = await redis.EnsureAsync(
                    new RedisRequest(placement.Names.Redis, placement.Region), cancellationToken);
                return StepOutcome.Done($"Redis {instance.Name} near {placement.Region}.");
            },
            cancellationToken);

    /// <summary>Deletes it.</summary>
    [Function("Undo" + nameof(CreateRedis))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(CreateRedis),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                await redis.DeleteAsync(placement.Names.Redis, cancellationToken);
            },
            cancellationToken);
}
