using System.Globalization;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Decisions;
using WebHost.Json;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Quotas;
using WebHost.Signup;
using WebHost.Tenants;

namespace WebHost.Migration;

/// <summary>Looks at what a tenant has and says what moving it would mean, or everything that stands against it. Changes nothing.</summary>
public sealed class MovePlanner(
    MovingConnections connections,
    TenantDatabaseStore databases,
    ServerStore servers,
    Settings settings,
    TimeProvider time)
{
    // A point with its index entries, as StorageQuota reckons.
    private const int BytesPerPoint = 200;
    private const int BytesPerOtherRow = 500;

    // What export, import and the comparison manage together on a small machine, and what making a home takes at the vendors.
    // Both are estimates: the operation's figures say how it was.
    private const int RowsPerSecond = 10_000;
    private static readonly TimeSpan MakingOnFly = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan MakingOnHetzner = TimeSpan.FromSeconds(10);

    /// <summary>Looks.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="placement">Where it is served.</param>
    /// <param name="request">Where somebody wants it to be.</param>
    /// <param name="cancellationToken">Cancels looking.</param>
    public async Task<MoveAssessment> AssessAsync(
        Tenant tenant, TenantPlacement placement, MoveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(placement);
        ArgumentNullException.ThrowIfNull(request);
        var from = PlanCatalog.Standard.Get(placement.Plan);
        if (FindPlan(from, request) is not { } to)
        {
            return Against(new MoveObstacle("plan", DescribePlanFault(from, request)));
        }

        var usage = await ReadUsageAsync(placement, from, to, cancellationToken);
        var signup = JsonText.Read<SignupRequest>(tenant.Signup) with { Plan = to.Id, Vehicles = Math.Max(1, usage.Vehicles) };
        var decision = DecisionEngine.Decide(signup, new PlanCatalog([to]));
        var obstacles = new List<MoveObstacle>();
        var region = placement.Region;
        if (decision is Recommendation recommendation)
        {
            region = request.Region ?? recommendation.Region;
        }
        else
        {
            obstacles.AddRange(decision.Reasons.Select(reason => new MoveObstacle(reason.Rule, reason.Text)));
        }

        obstacles.AddRange(FindObstacles(placement, to, request, signup, region, usage));
        if (obstacles.Count > 0)
        {
            return new MoveAssessment(null, obstacles);
        }

        var onShared = to.Pool.Provider == HostingProvider.Hetzner;
        var moved = usage.Rows.Values.Sum() - usage.ArchivedPoints;
        var making = onShared ? MakingOnHetzner : MakingOnFly;
        return new MoveAssessment(
            new MovePlan
            {
                Kind = request.Kind,
                From = MoveEnd.Of(from, placement.Region),
                To = MoveEnd.Of(to, region),
                Rows = usage.Rows,
                Bytes = usage.Bytes,
                RetainedSince = usage.ArchivedPoints > 0 ? usage.RetainedSince : null,
                ArchivedPoints = usage.ArchivedPoints,
                EstimatedSeconds = (long)making.TotalSeconds + (moved / RowsPerSecond),
                LongestPauseSeconds = settings.Migrations.LongestPause.TotalSeconds,
                WaitsForSlot = onShared && await servers.CountFreeSlotsAsync(tenant.Id, cancellationToken) == 0,
                Reasons = decision.Reasons,
            },
            []);
    }

    private static Plan? FindPlan(Plan from, MoveRequest request)
    {
        var possible = PlanCatalog.Standard.Plans.Where(plan => request.Kind switch
        {
            MoveKind.Upgrade => plan.MonthlyPriceUsd > from.MonthlyPriceUsd,
            MoveKind.Downgrade => plan.MonthlyPriceUsd < from.MonthlyPriceUsd,
            _ => plan.Id == from.Id,
        });
        return request.Plan is { } wanted
            ? possible.FirstOrDefault(plan => plan.Id == wanted)
            : possible.MinBy(plan => Math.Abs(plan.MonthlyPriceUsd - from.MonthlyPriceUsd));
    }

    private static string DescribePlanFault(Plan from, MoveRequest request)
    {
        var name = WireName.Of(from.Id);
        return (request.Kind, request.Plan) switch
        {
            (MoveKind.Relocate, { } other) =>
                $"To relocate is to stay on {name}; to change to {WireName.Of(other)}, ask for an upgrade or a downgrade.",
            (MoveKind.Upgrade, null) => $"{name} is the dearest plan; there is nothing to upgrade to.",
            (MoveKind.Downgrade, null) => $"{name} is the cheapest plan; there is nothing to downgrade to.",
            var (kind, plan) => $"{WireName.Of(plan!.Value)} is no {WireName.Of(kind)} from {name}.",
        };
    }

    internal static IEnumerable<MoveObstacle> FindObstacles(
        TenantPlacement placement, Plan to, MoveRequest request, SignupRequest signup, string region, MoveUsage usage)
    {
        if (request.Region is { } wanted)
        {
            var there = RegionCatalog.Regions.FirstOrDefault(known =>
                known.Code == wanted && known.Provider == to.Pool.Provider);
            if (there is null)
            {
                var known = RegionCatalog.Regions.Where(r => r.Provider == to.Pool.Provider).Select(r => r.Code);
                yield return new("region", $"{WireName.Of(to.Id)} has no region '{wanted}'; it has {string.Join(", ", known)}.");
            }
            else if (signup.DataResidency is { } territory && there.Residency != territory)
            {
                yield return new("residency", $"The tenant's data must stay in the {WireName.Of(territory)}; {wanted} is not there.");
            }
        }

        if (request.Kind == MoveKind.Relocate && to.Mode == HostingMode.SingleTenant && region == placement.Region)
        {
            yield return new("region", $"The tenant is in {region} already; name another region.");
        }

        var quota = StorageQuota.Of(to.Limits);
        if (usage.RetainedPoints > quota.Points)
        {
            yield return new(
                "size",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The tenant has {usage.RetainedPoints:N0} points that {WireName.Of(to.Id)} retains; it takes at most {quota.Points:N0}."));
        }

        if (usage.ArchivedPoints > 0 && !request.AcceptArchive)
        {
            yield return new(
                "retention",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{WireName.Of(to.Id)} retains {to.Limits.RetentionDays} days; {usage.ArchivedPoints:N0} points are from before "
                    + $"{usage.RetainedSince:yyyy-MM-dd}. They would be archived and could be downloaded; say acceptArchive to agree."));
        }
    }

    private async Task<MoveUsage> ReadUsageAsync(
        TenantPlacement placement, Plan from, Plan to, CancellationToken cancellationToken)
    {
        var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        var rows = new Dictionary<string, long>();
        foreach (var table in MovedTable.All)
        {
            rows[table.Name] = await connection.Sql(
                $"SELECT count(*) FROM {table.Table} WHERE {table.Where(placement.TenantId)}")
                .FirstAsync(row => row.GetInt64(0), cancellationToken);
        }

        // A plan that retains as much as the present one takes everything: what is too old for both is retention's business.
        DateOnly? since = to.Limits.RetentionDays < from.Limits.RetentionDays
            ? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(-to.Limits.RetentionDays)
            : null;
        var points = MovedTable.All.Single(table => table.Partitioned);
        var retained = await connection.Sql(
            $"SELECT count(*) FROM {points.Table} WHERE {points.Where(placement.TenantId, DayRange.From(since))}")
            .FirstAsync(row => row.GetInt64(0), cancellationToken);
        var others = rows.Values.Sum() - rows[points.Name];
        return new MoveUsage(
            rows, retained, retained < rows[points.Name] ? since : null,
            (retained * BytesPerPoint) + (others * BytesPerOtherRow));
    }

    private static MoveAssessment Against(MoveObstacle obstacle) => new(null, [obstacle]);
}
