using WebHost.Plans;

namespace WebHost.Quotas;

/// <summary>How much a tenant may store. More is kept all the same, since what was accepted is never dropped, but it is noticed.</summary>
/// <param name="Points">GPS points.</param>
/// <param name="Bytes">Bytes in the database, indexes included.</param>
public sealed record StorageQuota(long Points, long Bytes)
{
    // A point every ten seconds, eight hours a day, twice over; the sizes of the volumes rest on the same figures.
    private const long PointsPerVehicleAndDay = 2 * 8 * 60 * 6;

    // With its index entry.
    private const long BytesPerPoint = 200;

    // What an almost empty database takes in pages of its own.
    private const long SmallestBytes = 100_000_000;

    /// <summary>The quota of a plan: a fleet of its size for as long as it keeps points.</summary>
    public static StorageQuota Of(PlanLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var points = PointsPerVehicleAndDay * limits.Vehicles * limits.RetentionDays;
        return new StorageQuota(points, Math.Max(SmallestBytes, points * BytesPerPoint));
    }
}
