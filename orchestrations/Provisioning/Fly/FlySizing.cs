using WebHost.Plans;
using WebHost.Providers.Fly;

namespace WebHost.Provisioning.Fly;

/// <summary>What a plan's machines on Fly are like.</summary>
/// <param name="Database">Of the PostgreSQL machine.</param>
/// <param name="VolumeGb">Of its volume, GB.</param>
/// <param name="Application">Of the application's machine.</param>
internal sealed record FlySizing(FlyGuest Database, int VolumeGb, FlyGuest Application)
{
    // A point with its index entry takes about 200 bytes; the volumes hold a fleet of the plan's size, a point every ten
    // seconds, eight hours a day, for the plan's retention, twice over.
    private static readonly Dictionary<PlanId, FlySizing> Sizes = new()
    {
        [PlanId.Starter] = new(new FlyGuest("shared", 1, 1024), 10, new FlyGuest("shared", 1, 512)),
        [PlanId.Professional] = new(new FlyGuest("shared", 2, 4096), 80, new FlyGuest("shared", 2, 1024)),
        [PlanId.Business] = new(new FlyGuest("performance", 2, 8192), 500, new FlyGuest("shared", 4, 2048)),
    };

    /// <summary>The sizes of a plan.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The plan does not live on Fly.</exception>
    public static FlySizing Of(PlanId plan) =>
        Sizes.TryGetValue(plan, out var sizing)
            ? sizing
            : throw new ArgumentOutOfRangeException(nameof(plan), plan, "This plan does not live on Fly.");
}
