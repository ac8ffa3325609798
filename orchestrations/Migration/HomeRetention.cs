using WebHost.Placement;
using WebHost.Retention;

namespace WebHost.Migration;

/// <summary>Has old rows removed again when a move is settled.</summary>
public sealed class HomeRetention(PlacementStore placements, TenantDatabaseStore databases, RetentionHold hold)
{
    /// <summary>Lifts the hold in the home that serves the tenant; the other one is gone.</summary>
    public async Task ResumeAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
        await hold.LiftAsync(database, tenantId, cancellationToken);
    }
}
