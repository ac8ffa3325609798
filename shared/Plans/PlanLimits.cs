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
    int RetentionDays)
{
    private const int BurstSeconds = 60;
    private const int RequestSeconds = 1_000;
    private const int TrackersPerVehicle = 4;

    /// <summary>GPS points accepted at once after a rest: a minute's worth.</summary>
    public int PointBurst => PointsPerSecond * BurstSeconds;

    /// <summary>
    /// Trackers with a name of their own behind one token: of a vehicle several, such as tractor, trailer and the driver's phone.
    /// </summary>
    public int TrackersPerToken => Vehicles * TrackersPerVehicle;

    /// <summary>GPS points accepted in one request, whatever it leaves for later ones.</summary>
    public int PointsPerRequest => PointsPerSecond * RequestSeconds;
}
