namespace WebHost.Plans;

/// <summary>What a plan allows.</summary>
/// <param name="Vehicles">Vehicles in the fleet.</param>
/// <param name="PointsPerSecond">GPS points accepted in a second.</param>
/// <param name="ConcurrentUsers">People and scripts connected at the same time.</param>
/// <param name="QueriesPerSecond">Database queries in a second.</param>
/// <param name="UploadMegabytes">Largest request body, in units of 1,000,000 bytes.</param>
/// <param name="RetentionDays">Days for which points are kept.</param>
public sealed record PlanLimits(
    int Vehicles,
    int PointsPerSecond,
    int ConcurrentUsers,
    int QueriesPerSecond,
    int UploadMegabytes,
    int RetentionDays);
