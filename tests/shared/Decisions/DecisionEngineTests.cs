using System.Text.Json;
using CsCheck;
using WebHost.Decisions;
using WebHost.Plans;
using WebHost.Signup;

namespace WebHost.Tests.Decisions;

public sealed class DecisionEngineTests
{
    private static readonly Gen<SignupRequest> Requests = Gen.Select(
        Gen.Decimal[0, 600],
        Gen.Frequency((3, Gen.Int[1, 30]), (1, Gen.Int[1, 700])),
        Gen.Enum<FleetRegion>().Array[1, 4].Select(places => places.Distinct().ToArray()),
        Gen.Enum<ComplianceStandard>().Array[0, 2].Select(standards => standards.Distinct().ToArray()),
        Gen.Enum<DataResidency>().Nullable(),
        Gen.Int[5, 300].Nullable(),
        Gen.Enum<PlanId>().Nullable(),
        (budget, vehicles, locations, compliance, residency, latency, plan) => new SignupRequest(
            "Any", "any@example.com", Math.Round(budget, 2), vehicles, locations, compliance, residency, latency, plan));

    [Fact]
    public void Decide_a_small_European_fleet_shares_a_server_in_Germany()
    {
        var decision = Recommend(Small);

        Assert.Equal(
            (PlanId.Hobby, HostingMode.MultiTenant, HostingProvider.Hetzner, "fsn1", 15m, 0.59m, 96.1m),
            (decision.Plan, decision.Mode, decision.Provider, decision.Region,
                decision.MonthlyPriceUsd, decision.MonthlyCostUsd, decision.MarginPercent));
        Assert.Equal(["lowest-price", "nearest-region"], decision.Reasons.TakeLast(2).Select(reason => reason.Rule));
    }

    [Theory]
    [InlineData(ComplianceStandard.Soc2, PlanId.Starter)]
    [InlineData(ComplianceStandard.Hipaa, PlanId.Starter)]
    [InlineData(ComplianceStandard.Gdpr, PlanId.Hobby)]
    [InlineData(ComplianceStandard.Iso27001, PlanId.Hobby)]
    public void Decide_only_SOC_2_and_HIPAA_keep_a_fleet_off_the_shared_servers(ComplianceStandard standard, PlanId expected)
    {
        var decision = Recommend(Small with { Compliance = [standard] });

        Assert.Equal(expected, decision.Plan);
        Assert.Equal(
            expected == PlanId.Starter,
            decision.Reasons.Any(reason => reason is { Rule: "compliance", Plan: PlanId.Hobby }));
    }

    [Theory]
    [InlineData(FleetRegion.NorthAmerica, "iad")]
    [InlineData(FleetRegion.Europe, "fra")]
    [InlineData(FleetRegion.AsiaPacific, "sin")]
    [InlineData(FleetRegion.SouthAmerica, "gru")]
    [InlineData(FleetRegion.Africa, "jnb")]
    public void Decide_own_infrastructure_stands_near_the_fleet(FleetRegion fleet, string region) =>
        Assert.Equal(region, Recommend(Small with { Vehicles = 20, Locations = [fleet] }).Region);

    [Theory]
    [InlineData(FleetRegion.AsiaPacific, DataResidency.Us, "sjc")]
    [InlineData(FleetRegion.Europe, DataResidency.Us, "iad")]
    [InlineData(FleetRegion.NorthAmerica, DataResidency.Eu, "ams")]
    public void Decide_residency_overrides_nearness(FleetRegion fleet, DataResidency territory, string region) =>
        Assert.Equal(
            region,
            Recommend(Small with { Vehicles = 20, Locations = [fleet], DataResidency = territory }).Region);

    [Fact]
    public void Decide_residency_in_the_United_States_leaves_the_shared_servers_out()
    {
        var decision = Recommend(Small with { DataResidency = DataResidency.Us });

        Assert.Equal((PlanId.Starter, "iad"), (decision.Plan, decision.Region));
        Assert.Contains(decision.Reasons, reason => reason is { Rule: "residency", Plan: PlanId.Hobby });
    }

    [Fact]
    public void Decide_GDPR_with_part_of_the_fleet_in_Europe_prefers_Europe() =>
        Assert.Equal(
            "ams",
            Recommend(Small with
            {
                Vehicles = 20,
                Locations = [FleetRegion.NorthAmerica, FleetRegion.Europe],
                Compliance = [ComplianceStandard.Gdpr],
            }).Region);

    [Fact]
    public void Decide_a_strict_latency_outside_Europe_leaves_the_shared_servers_out()
    {
        var request = Small with { Locations = [FleetRegion.NorthAmerica], LatencyRequirementMs = 49 };

        Assert.Equal((PlanId.Starter, "iad"), (Recommend(request).Plan, Recommend(request).Region));
        Assert.Equal(PlanId.Hobby, Recommend(request with { LatencyRequirementMs = 150 }).Plan);
        Assert.Equal(PlanId.Hobby, Recommend(request with { Locations = [FleetRegion.Europe] }).Plan);
    }

    [Fact]
    public void Decide_a_latency_that_one_region_cannot_give_takes_several()
    {
        var decision = Recommend(Small with
        {
            MonthlyBudgetUsd = 500,
            Locations = [FleetRegion.Europe, FleetRegion.AsiaPacific],
            LatencyRequirementMs = 60,
        });

        Assert.Equal(PlanId.Business, decision.Plan);
        Assert.Equal(["fra", "sin"], decision.Regions);
        Assert.Equal(45, decision.WorstRoundTripMs);
    }

    [Fact]
    public void Decide_a_latency_that_nobody_gives_is_said_and_not_held_against_the_customer()
    {
        var decision = Recommend(Small with { LatencyRequirementMs = 5 });

        Assert.Equal(PlanId.Hobby, decision.Plan);
        Assert.Contains(
            decision.Reasons,
            reason => reason.Rule == "latency" && reason.Text.Contains("within 5 ms", StringComparison.Ordinal));
    }

    [Fact]
    public void Decide_the_requested_plan_is_honoured_even_over_the_budget()
    {
        var decision = Recommend(Small with { Plan = PlanId.Professional });

        Assert.Equal(PlanId.Professional, decision.Plan);
        Assert.Contains(
            decision.Reasons,
            reason => reason.Rule == "requested-plan"
                && reason.Text.Contains("$149", StringComparison.Ordinal)
                && reason.Text.Contains("$100", StringComparison.Ordinal));
    }

    [Fact]
    public void Decide_an_impossible_requested_plan_is_explained_and_replaced()
    {
        var decision = Recommend(Small with { Plan = PlanId.Hobby, Vehicles = 6, Compliance = [ComplianceStandard.Hipaa] });

        Assert.Equal(PlanId.Starter, decision.Plan);
        var explanation = Assert.Single(decision.Reasons, reason => reason.Rule == "requested-plan").Text;
        Assert.Contains("HIPAA", explanation, StringComparison.Ordinal);
        Assert.Contains("at most 5", explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_a_fleet_beyond_every_plan_is_refused_for_each()
    {
        var refusal = Refuse(Small with { MonthlyBudgetUsd = 1_000_000, Vehicles = 10_000 });

        Assert.Equal(
            Enum.GetValues<PlanId>().Select(plan => (PlanId?)plan),
            refusal.Reasons.Where(reason => reason.Rule == "vehicles").Select(reason => reason.Plan));
        Assert.Contains("The fleet has 10,000 vehicles; business takes at most 500.", refusal.Reasons.Select(r => r.Text));
    }

    [Fact]
    public void Decide_HIPAA_on_ten_dollars_is_refused_with_every_reason() =>
        Assert.Equal(
            [
                ("compliance", PlanId.Hobby), ("budget", PlanId.Hobby), ("budget", PlanId.Starter),
                ("budget", PlanId.Professional), ("budget", PlanId.Business),
            ],
            Refuse(Small with { MonthlyBudgetUsd = 10, Compliance = [ComplianceStandard.Hipaa] })
                .Reasons.Select(reason => (reason.Rule, reason.Plan!.Value)));

    [Fact]
    public void Decide_offers_every_other_possible_plan_as_an_alternative() =>
        Assert.Equal(
            [PlanId.Starter, PlanId.Professional, PlanId.Business],
            Recommend(Small with { MonthlyBudgetUsd = 400 }).Alternatives.Select(candidate => candidate.Plan));

    [Fact]
    public void Decide_a_request_that_was_not_validated_is_refused_by_name()
    {
        Assert.Throws<ArgumentException>(() => Recommend(Small with { Locations = [] }));
        Assert.Throws<ArgumentException>(() => Recommend(Small with { Vehicles = 0 }));
    }

    [Fact]
    public void Recommendation_survives_serialization()
    {
        var decision = Recommend(Small with { MonthlyBudgetUsd = 400 });

        var json = JsonSerializer.Serialize(decision, JsonSerializerOptions.Web);

        Assert.Contains("\"plan\":\"hobby\",\"mode\":\"multi-tenant\",\"provider\":\"hetzner\"", json, StringComparison.Ordinal);
        Assert.Equal(json, JsonSerializer.Serialize(
            JsonSerializer.Deserialize<Recommendation>(json, JsonSerializerOptions.Web), JsonSerializerOptions.Web));
    }

    [Fact]
    public void Decide_any_request_keeps_the_hard_constraints_in_choice_and_alternatives() =>
        Requests.Sample(request =>
        {
            if (DecisionEngine.Decide(request, PlanCatalog.Standard) is not Recommendation decision)
            {
                return;
            }

            Check(request, decision.Plan, decision.Provider, decision.Regions, decision.MarginPercent, decision.Scores);
            foreach (var other in decision.Alternatives)
            {
                Check(request, other.Plan, other.Provider, other.Regions, other.MarginPercent, other.Scores);
            }
        }, iter: 5_000);

    [Fact]
    public void Decide_any_request_twice_gives_the_same_decision() =>
        Requests.Sample(request => Assert.Equal(Serialize(request), Serialize(request)), iter: 1_000);

    [Fact]
    public void Decide_any_refusal_has_a_reason_against_each_plan() =>
        Requests.Sample(request =>
        {
            if (DecisionEngine.Decide(request, PlanCatalog.Standard) is Refusal refusal)
            {
                Assert.Equal(4, refusal.Reasons.Select(reason => reason.Plan).Distinct().Count());
            }
        }, iter: 2_000);

    [Fact]
    public void Decide_a_larger_budget_never_turns_into_a_refusal_nor_into_a_cheaper_plan_nor_a_farther_region() =>
        Gen.Select(Requests, Gen.Decimal[0, 500]).Sample((request, more) =>
        {
            if (DecisionEngine.Decide(request with { Plan = null }, PlanCatalog.Standard) is not Recommendation before)
            {
                return;
            }

            var richer = request with { Plan = null, MonthlyBudgetUsd = request.MonthlyBudgetUsd + more };
            var after = Recommend(richer);

            Assert.True(after.MonthlyPriceUsd >= before.MonthlyPriceUsd);
            Assert.True(after.WorstRoundTripMs <= before.WorstRoundTripMs);
        }, iter: 3_000);

    [Fact]
    public void Decide_any_possible_requested_plan_is_the_one_recommended() =>
        Requests.Where(request => request.Plan is not null).Sample(request =>
        {
            if (DecisionEngine.Decide(request, PlanCatalog.Standard) is Recommendation decision)
            {
                Assert.Equal(
                    decision.Plan != request.Plan,
                    decision.Reasons.Any(reason => reason.Rule == "requested-plan"
                        && reason.Text.Contains("not possible", StringComparison.Ordinal)));
            }
        }, iter: 2_000);

    private static SignupRequest Small { get; } =
        new("Kranj Couriers", "fleet@kranj.example", 100, 3, [FleetRegion.Europe], []);

    private static Recommendation Recommend(SignupRequest request) =>
        Assert.IsType<Recommendation>(DecisionEngine.Decide(request, PlanCatalog.Standard));

    private static Refusal Refuse(SignupRequest request) =>
        Assert.IsType<Refusal>(DecisionEngine.Decide(request, PlanCatalog.Standard));

    private static string Serialize(SignupRequest request) =>
        JsonSerializer.Serialize<object>(DecisionEngine.Decide(request, PlanCatalog.Standard));

    private static void Check(
        SignupRequest request, PlanId planId, HostingProvider provider, IReadOnlyList<string> regions, decimal margin,
        CandidateScores scores)
    {
        var plan = PlanCatalog.Standard.Get(planId);
        Assert.True(request.Vehicles <= plan.Limits.Vehicles);
        Assert.True(plan.MonthlyPriceUsd <= request.MonthlyBudgetUsd || request.Plan == planId);
        Assert.True(margin >= 0);
        Assert.Equal(plan.Pool.Provider, provider);
        if (request.Compliance.Any(standard => standard is ComplianceStandard.Soc2 or ComplianceStandard.Hipaa))
        {
            Assert.NotEqual(HostingProvider.Hetzner, provider);
        }

        Assert.NotEmpty(regions);
        Assert.Distinct(regions);
        var known = regions.Select(code => RegionCatalog.Regions.Single(region => region.Code == code)).ToList();
        Assert.All(known, region => Assert.Equal(provider, region.Provider));
        if (request.DataResidency is { } territory)
        {
            Assert.All(known, region => Assert.Equal(territory, region.Residency));
        }

        Assert.All(
            [scores.Cost, scores.Headroom, scores.Latency, scores.Compliance, scores.Total],
            score => Assert.InRange(score, 0, 100));
    }
}
