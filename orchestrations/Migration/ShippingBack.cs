using Microsoft.Extensions.Logging;
using WebHost.Configuration;
using WebHost.Monitoring;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>What is done by the clock for tenants that move: nobody stays fenced, and the way back stays short.</summary>
public sealed partial class ShippingBack(
    MoveStore moves,
    PlacementStore placements,
    TenantDatabaseStore databases,
    CatchUp catchUp,
    Fence fence,
    Cutover cutover,
    AlertStore alerts,
    Settings settings,
    ILogger<ShippingBack> logger)
{
    /// <summary>Kind of the alert for a source that does not get what is written at the target.</summary>
    public const string Alert = "shipping-back-failed";

    /// <summary>Lifts the fences of attempts that have died, long after a living one would have.</summary>
    public async Task LiftForgottenFencesAsync(CancellationToken cancellationToken)
    {
        // Who is committed may have been on the way back until then, and whoever would go on with it busy.
        foreach (var move in await moves.ListAsync(
            [MoveState.Switching, MoveState.GoingBack, MoveState.CleaningUp], cancellationToken))
        {
            try
            {
                var serving = await placements.GetAsync(move.TenantId, cancellationToken);
                var database = await databases.GetAsync(serving.DatabaseId!.Value, cancellationToken);
                if (move.State == MoveState.CleaningUp)
                {
                    await cutover.KeepAsync(move.TenantId, database, cancellationToken);
                }
                else if (await fence.ReleaseForgottenAsync(
                    database, move.TenantId, settings.Migrations.LongestPause * 2, cancellationToken))
                {
                    LogLifted(logger, move.TenantId);
                }
            }
            catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(logger, move.TenantId, failed);
            }
        }
    }

    /// <summary>Ships what tenants that have moved, and can be taken back, have written since the last time.</summary>
    public async Task ShipAsync(CancellationToken cancellationToken)
    {
        foreach (var move in await moves.ListAsync([MoveState.Verified], cancellationToken))
        {
            try
            {
                var target = await DatabaseAsync(move.TenantId, move.TargetHome, cancellationToken);
                var source = await DatabaseAsync(move.TenantId, move.SourceHome, cancellationToken);
                await catchUp.RunAsync(target, source, move.TenantId, Comparison.OfChanges, cancellationToken);
                await alerts.ResolveAsync(Alert, move.TenantId.ToString(), cancellationToken);
            }
            catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(logger, move.TenantId, failed);

                // Committed or taken back between the list and here.
                if (await moves.FindUnderWayAsync(move.TenantId, cancellationToken) is { State: MoveState.Verified })
                {
                    await alerts.RaiseAsync(
                        Alert,
                        move.TenantId.ToString(),
                        $"The old home does not get what is written at the new one: {failed.Message} Nothing is lost, but taking the "
                        + $"tenant back takes longer, or is impossible. Commit the migration if the old home is gone for good: "
                        + $"POST /api/operations/{move.OperationId}/commit.",
                        cancellationToken);
                }
            }
        }
    }

    private async Task<TenantDatabaseAddress> DatabaseAsync(Guid tenantId, long home, CancellationToken cancellationToken)
    {
        var placement = await placements.GetHomeAsync(tenantId, home, cancellationToken);
        return await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
    }

    [LoggerMessage(730, LogLevel.Warning, "Tenant {TenantId} was left fenced; it takes writes again.")]
    private static partial void LogLifted(ILogger logger, Guid tenantId);

    [LoggerMessage(731, LogLevel.Warning, "Tenant {TenantId}, which moves, could not be looked after; the next run tries again.")]
    private static partial void LogFailed(ILogger logger, Guid tenantId, Exception exception);
}
