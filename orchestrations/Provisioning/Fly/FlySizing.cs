using WebHost.Plans;
using WebHost.Providers.Fly;

namespace WebHost.Provisioning.Fly;

/// <summary>What a plan's machines on Fly are like: the one place that says so.</summary>
/// <param name="Database">Of each PostgreSQL machine.</param>
/// <param name="VolumeGb">Of each of their volumes, GB.</param>
/// <param name="Replicas">PostgreSQL machines beside the primary.</param>
/// <param name="Application">Of each of the application's machines.</param>
/// <param name="HomeMachines">How many of those the home region has: one that always runs and what load calls up.</param>
/// <param name="RemoteMachines">How many of those every further region of the tenant has.</param>
internal sealed record FlySizing(
    FlyGuest Database, int VolumeGb, int Replicas, FlyGuest Application, int HomeMachines, int RemoteMachines)
{
    // A point with its index entry takes about 200 bytes; the volumes hold a fleet of the plan's size, a point every ten
    // seconds, eight hours a day, for the plan's retention, twice over.
    private static readonly Dictionary<PlanId, FlySizing> Sizes = new()
    {
        [PlanId.Starter] = new(new FlyGuest("shared", 1, 1024), 10, 0, new FlyGuest("shared", 1, 512), 1, 0),
        [PlanId.Professional] = new(new FlyGuest("shared", 2, 4096), 80, 1, new FlyGuest("shared", 2, 1024), 2, 0),
        [PlanId.Business] = new(new FlyGuest("performance", 2, 8192), 500, 2, new FlyGuest("shared", 4, 2048), 2, 1),
    };

    /// <summary>The sizes of a plan.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The plan does not live on Fly.</exception>
    public static FlySizing Of(PlanId plan) =>
        Sizes.TryGetValue(plan, out var sizing)
            ? sizing
            : throw new ArgumentOutOfRangeException(nameof(plan), plan, "This plan does not live on Fly.");

    /// <summary>The regions of the replicas: those beside the home region first, so that reads are near the fleet.</summary>
    /// <param name="regions">The tenant's regions, home first.</param>
    public IEnumerable<string> ReplicaRegions(IReadOnlyList<string> regions) =>
        Enumerable.Range(1, Replicas).Select(replica => regions[replica % regions.Count]);

    /// <summary>How many application machines a region has.</summary>
    /// <param name="regions">The tenant's regions, home first.</param>
    /// <param name="region">One of them.</param>
    public int MachinesIn(IReadOnlyList<string> regions, string region) => region == regions[0] ? HomeMachines : RemoteMachines;

    /// <summary>What one machine takes, so that the home region's machines together take all the plan's users.</summary>
    public FlyConcurrency Concurrency(PlanLimits limits)
    {
        var hard = (limits.ConcurrentUsers + HomeMachines - 1) / HomeMachines;
        // From the soft limit on, the proxy starts and uses the next machine.
        return new FlyConcurrency("connections", hard * 4 / 5, hard);
    }
}
