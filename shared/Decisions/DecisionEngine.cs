using System.Collections.Immutable;
using System.Globalization;
using WebHost.Json;
using WebHost.Plans;
using WebHost.Signup;

namespace WebHost.Decisions;

/// <summary>
/// Decides where a customer belongs: hard constraints put plans and regions out, what remains is scored, and the rules choose
/// in their order. The same request and catalog always give the same decision.
/// </summary>
public static class DecisionEngine
{
    private const int SharedServersLatencyMs = 50;

    /// <summary>Decides on one request.</summary>
    /// <returns>A <see cref="Recommendation"/>, or a <see cref="Refusal"/> when no plan is possible.</returns>
    /// <exception cref="ArgumentException">The request has no location or no vehicle: it was not validated.</exception>
    public static Decision Decide(SignupRequest request, PlanCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(catalog);
        if (request.Locations.Count == 0)
        {
            throw new ArgumentException("A fleet drives in at least one location.", nameof(request));
        }

        if (request.Vehicles < 1)
        {
            throw new ArgumentException($"A fleet has at least one vehicle, but this has {request.Vehicles}.", nameof(request));
        }

        var reasons = catalog.Plans.SelectMany(plan => FindObstacles(request, plan)).ToList();
        var excluded = reasons.Select(reason => reason.Plan).ToHashSet();
        var candidates = catalog.Plans
            .Where(plan => !excluded.Contains(plan.Id))
            .SelectMany(plan => FindCandidates(request, plan))
            .ToImmutableArray();
        return candidates.IsEmpty ? new Refusal(reasons) : Choose(request, candidates, reasons);
    }

    /// <summary>The hard constraints: everything that stands against a plan.</summary>
    private static IEnumerable<DecisionReason> FindObstacles(SignupRequest request, Plan plan)
    {
        var name = WireName.Of(plan.Id);
        var onSharedServers = plan.Pool.Provider == HostingProvider.Hetzner;
        foreach (var standard in request.Compliance.Where(standard => onSharedServers && NeedsOwnInfrastructure(standard)))
        {
            yield return new(
                "compliance",
                $"{Label(standard)} needs infrastructure of the customer's own; {name} is on shared Hetzner servers.",
                plan.Id);
        }

        if (request.DataResidency is { } territory && !PermittedRegions(request, plan).Any())
        {
            yield return new(
                "residency",
                $"Data must stay in the {Label(territory)}, where {name} has no region.",
                plan.Id);
        }

        if (onSharedServers && request.LatencyRequirementMs < SharedServersLatencyMs
            && request.Locations.Any(location => location != FleetRegion.Europe))
        {
            yield return new(
                "latency",
                $"Shared servers stand in Europe only and cannot answer within {request.LatencyRequirementMs} ms "
                + "where the fleet drives.",
                plan.Id);
        }

        if (request.Vehicles > plan.Limits.Vehicles)
        {
            yield return new(
                "vehicles",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The fleet has {request.Vehicles:N0} vehicles; {name} takes at most {plan.Limits.Vehicles:N0}."),
                plan.Id);
        }

        // Whoever names a plan has seen its price.
        if (plan.MonthlyPriceUsd > request.MonthlyBudgetUsd && request.Plan != plan.Id)
        {
            yield return new(
                "budget",
                $"{name} costs {Dollars(plan.MonthlyPriceUsd)} a month; "
                + $"the budget is {Dollars(request.MonthlyBudgetUsd)}.",
                plan.Id);
        }
    }

    private static IEnumerable<Candidate> FindCandidates(SignupRequest request, Plan plan)
    {
        var permitted = PermittedRegions(request, plan).ToImmutableArray();
        ImmutableArray<HostingRegion> nearest =
            [.. request.Locations.Select(location => permitted.MinBy(region => RegionCatalog.RoundTrip(location, region))!).Distinct()];
        return plan.Reach == PlanReach.MultiRegion
            ? nearest.Select(home => ToCandidate(request, plan, [home, .. nearest.Where(region => region != home)]))
            : permitted.Select(home => ToCandidate(request, plan, [home]));
    }

    private static IEnumerable<HostingRegion> PermittedRegions(SignupRequest request, Plan plan) =>
        RegionCatalog.Regions.Where(region =>
            region.Provider == plan.Pool.Provider
            && (request.DataResidency is null || region.Residency == request.DataResidency));

    private static Candidate ToCandidate(SignupRequest request, Plan plan, ImmutableArray<HostingRegion> regions)
    {
        var roundTrips = request.Locations
            .Select(location => regions.Min(region => RegionCatalog.RoundTrip(location, region)))
            .ToImmutableArray();
        return new Candidate(
            plan.Id,
            plan.Mode,
            plan.Pool.Provider,
            regions[0].Code,
            [.. regions.Select(region => region.Code)],
            plan.MonthlyPriceUsd,
            plan.MonthlyCostUsd,
            plan.MarginPercent,
            roundTrips.Max(),
            Score(request, plan, regions, roundTrips));
    }

    private static CandidateScores Score(
        SignupRequest request, Plan plan, ImmutableArray<HostingRegion> regions, ImmutableArray<int> roundTrips)
    {
        var cost = request.MonthlyBudgetUsd <= plan.MonthlyPriceUsd
            ? 0
            : (double)((request.MonthlyBudgetUsd - plan.MonthlyPriceUsd) / request.MonthlyBudgetUsd * 100);
        var headroom = 100.0 * (plan.Limits.Vehicles - request.Vehicles) / plan.Limits.Vehicles;

        // The place named first is the fleet's main one and counts twice.
        var meanRoundTrip = (roundTrips[0] + roundTrips.Sum()) / (roundTrips.Length + 1.0);
        var latency = Math.Max(0, 100 - (meanRoundTrip / 3));

        // Personal data outside the Union is lawful only under further contracts.
        var compliance = request.Compliance.Contains(ComplianceStandard.Gdpr)
            && regions.Any(region => region.Residency != DataResidency.Eu)
                ? 75
                : 100;
        return new CandidateScores(
            (int)Math.Round(cost),
            (int)Math.Round(headroom),
            (int)Math.Round(latency),
            compliance,
            (int)Math.Round((0.3 * cost) + (0.2 * headroom) + (0.3 * latency) + (0.2 * compliance)));
    }

    /// <summary>The ordered rules: each narrows what the one before it left.</summary>
    private static Recommendation Choose(
        SignupRequest request, ImmutableArray<Candidate> candidates, List<DecisionReason> reasons)
    {
        var remaining = candidates;
        if (request.Plan is { } wanted)
        {
            remaining = FollowWish(request, wanted, remaining, reasons);
        }

        if (request.LatencyRequirementMs is { } limit)
        {
            remaining = MeetLatency(limit, remaining, reasons);
        }

        var chosenPlan = remaining[0].Plan;
        if (request.Plan != chosenPlan)
        {
            reasons.Add(new(
                "lowest-price",
                $"{WireName.Of(chosenPlan)} at {Dollars(remaining[0].MonthlyPriceUsd)} a month is the cheapest plan that does.",
                chosenPlan));
        }

        var best = Best(request, remaining.Where(candidate => candidate.Plan == chosenPlan));
        reasons.Add(new(
            "nearest-region",
            $"{Describe(best)} suits a fleet in {string.Join(", ", request.Locations.Select(WireName.Of))} "
            + $"best ({best.Scores.Total} of 100), at most {best.WorstRoundTripMs} ms away.",
            best.Plan));
        var alternatives = candidates
            .Where(candidate => candidate.Plan != best.Plan)
            .GroupBy(candidate => candidate.Plan)
            .Select(group => Best(request, group))
            .OrderBy(candidate => candidate.MonthlyPriceUsd)
            .ToImmutableArray();
        return new Recommendation(
            best.Plan, best.Mode, best.Provider, best.Region, best.Regions, best.MonthlyPriceUsd, best.MonthlyCostUsd,
            best.MarginPercent, best.WorstRoundTripMs, best.Scores, reasons, alternatives);
    }

    private static ImmutableArray<Candidate> FollowWish(
        SignupRequest request, PlanId wanted, ImmutableArray<Candidate> candidates, List<DecisionReason> reasons)
    {
        ImmutableArray<Candidate> asWished = [.. candidates.Where(candidate => candidate.Plan == wanted)];
        if (asWished.IsEmpty)
        {
            var obstacles = reasons.Where(reason => reason.Plan == wanted).Select(reason => reason.Text).ToList();
            reasons.Add(new(
                "requested-plan",
                $"{WireName.Of(wanted)} was asked for but is not possible. "
                + (obstacles.Count == 0 ? "It is not on sale." : string.Join(' ', obstacles)),
                wanted));
            return candidates;
        }

        var price = asWished[0].MonthlyPriceUsd;
        reasons.Add(new(
            "requested-plan",
            price > request.MonthlyBudgetUsd
                ? $"{WireName.Of(wanted)} was asked for and is possible, though its {Dollars(price)} a month are more "
                    + $"than the budget of {Dollars(request.MonthlyBudgetUsd)}."
                : $"{WireName.Of(wanted)} was asked for and is possible.",
            wanted));
        return asWished;
    }

    private static ImmutableArray<Candidate> MeetLatency(
        int limit, ImmutableArray<Candidate> candidates, List<DecisionReason> reasons)
    {
        ImmutableArray<Candidate> meeting = [.. candidates.Where(candidate => candidate.WorstRoundTripMs <= limit)];
        if (meeting.IsEmpty)
        {
            var nearest = candidates.MinBy(candidate => candidate.WorstRoundTripMs)!;
            reasons.Add(new(
                "latency",
                $"Nothing that is possible answers the whole fleet within {limit} ms; "
                + $"the nearest, {Describe(nearest)}, takes {nearest.WorstRoundTripMs} ms."));
            return candidates;
        }

        reasons.Add(new("latency", $"Only what answers the whole fleet within {limit} ms is considered."));
        return meeting;
    }

    private static Candidate Best(SignupRequest request, IEnumerable<Candidate> candidates) =>
        // Within a plan only the place differs. The total is no key: its rounding would let the budget choose the region.
        candidates
            .OrderByDescending(candidate => (3 * candidate.Scores.Latency) + (2 * candidate.Scores.Compliance))
            .ThenBy(candidate => RegionCatalog.RoundTrip(
                request.Locations[0], RegionCatalog.Regions.Single(region => region.Code == candidate.Region)))
            .ThenBy(candidate => candidate.Region, StringComparer.Ordinal)
            .First();

    private static bool NeedsOwnInfrastructure(ComplianceStandard standard) =>
        standard is ComplianceStandard.Soc2 or ComplianceStandard.Hipaa;

    private static string Describe(Candidate candidate) =>
        $"{WireName.Of(candidate.Plan)} in {string.Join(", ", candidate.Regions)}";

    private static string Label(ComplianceStandard standard) => standard switch
    {
        ComplianceStandard.Gdpr => "GDPR",
        ComplianceStandard.Soc2 => "SOC 2",
        ComplianceStandard.Hipaa => "HIPAA",
        ComplianceStandard.Iso27001 => "ISO 27001",
        _ => throw new ArgumentOutOfRangeException(nameof(standard), standard, "Not a compliance standard."),
    };

    private static string Label(DataResidency territory) => territory switch
    {
        DataResidency.Eu => "European Union",
        DataResidency.Us => "United States",
        _ => throw new ArgumentOutOfRangeException(nameof(territory), territory, "Not a territory."),
    };

    private static string Dollars(decimal amount) => string.Create(CultureInfo.InvariantCulture, $"${amount:#,0.##}");
}
