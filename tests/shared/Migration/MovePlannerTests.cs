using System.Text.Json;
using Microsoft.Extensions.Configuration;
using WebHost.Configuration;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Quotas;
using WebHost.Signup;
using WebHost.Tenants;

namespace WebHost.Tests.Migration;

public sealed class MovePlannerTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    private const int Points = 500;

    // Hobby's thirty days begin on the third of the five days with points.
    private static readonly FixedClock Clock = new(
        new DateTimeOffset(MigrationFixture.FirstDay.AddDays(32), new TimeOnly(12, 0), TimeSpan.Zero));

    private static readonly SignupRequest European = new("Acme", "fleet@acme.example", 1_000, 5, [FleetRegion.Europe], []);

    private readonly MovePlanner _planner = new(
        fixture.Connections,
        fixture.Control.Databases,
        new ServerStore(fixture.Control.Control),
        Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ControlDatabase"] = "Host=localhost",
            ["ServiceBus"] = "Endpoint=sb://localhost",
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["Tenants:Domain"] = "fleet.test",
            ["Security:MasterKeys"] = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            ["Operators:Keys"] = "an-operators-key-of-a-test",
            ["Webhooks:SignupSecrets"] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            ["Webhooks:StripeSecrets"] = "whsec_stripe_of_a_test",
        }).Build()),
        Clock);

    [Theory]
    [InlineData(MoveKind.Upgrade, PlanId.Hobby, PlanId.Starter)]
    [InlineData(MoveKind.Upgrade, PlanId.Professional, PlanId.Business)]
    [InlineData(MoveKind.Downgrade, PlanId.Business, PlanId.Professional)]
    [InlineData(MoveKind.Downgrade, PlanId.Starter, PlanId.Hobby)]
    [InlineData(MoveKind.Relocate, PlanId.Hobby, PlanId.Hobby)]
    public async Task Plan_that_is_not_named_is_the_next_in_the_direction_of_the_kind(MoveKind kind, PlanId from, PlanId to)
    {
        var tenant = await AddTenantAsync(from);

        var plan = (await AssessAsync(tenant, European, new MoveRequest(kind, AcceptArchive: true))).Plan!;

        Assert.Equal((from, to), (plan.From.Plan, plan.To.Plan));
        Assert.Equal(PlanCatalog.Standard.Get(to).MonthlyPriceUsd, plan.To.MonthlyPriceUsd);
    }

    [Theory]
    [InlineData(FleetRegion.Europe, "fra")]
    [InlineData(FleetRegion.NorthAmerica, "iad")]
    [InlineData(FleetRegion.SouthAmerica, "gru")]
    public async Task Region_that_is_not_named_is_the_one_that_suits_the_fleet(FleetRegion fleet, string region)
    {
        var tenant = await AddTenantAsync(PlanId.Hobby);
        var signup = European with { Locations = [fleet] };

        Assert.Equal(region, (await AssessAsync(tenant, signup, new MoveRequest(MoveKind.Upgrade))).Plan!.To.Region);
        Assert.Equal("ams", (await AssessAsync(tenant, signup, new MoveRequest(MoveKind.Upgrade, Region: "ams"))).Plan!.To.Region);
    }

    [Theory]
    [InlineData(MoveKind.Upgrade, PlanId.Business, null, "nothing to upgrade to")]
    [InlineData(MoveKind.Downgrade, PlanId.Hobby, null, "nothing to downgrade to")]
    [InlineData(MoveKind.Upgrade, PlanId.Professional, PlanId.Starter, "starter is no upgrade from professional")]
    [InlineData(MoveKind.Downgrade, PlanId.Starter, PlanId.Starter, "starter is no downgrade from starter")]
    [InlineData(MoveKind.Relocate, PlanId.Starter, PlanId.Hobby, "To relocate is to stay on starter")]
    public async Task Plan_that_lies_not_in_the_direction_of_the_kind_is_an_obstacle(
        MoveKind kind, PlanId from, PlanId? to, string text)
    {
        var tenant = await AddTenantAsync(from);

        var (plan, obstacles) = await AssessAsync(tenant, European, new MoveRequest(kind, to));

        Assert.Null(plan);
        var obstacle = Assert.Single(obstacles);
        Assert.Equal("plan", obstacle.Rule);
        Assert.Contains(text, obstacle.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_obstacle_is_named_at_once_and_nothing_is_changed()
    {
        var tenant = await AddTenantAsync(PlanId.Professional);
        await fixture.RunAsync(
            fixture.Source, "INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ($1, 'v6', 'One too many')", tenant.TenantId);
        var before = await fixture.ContentAsync(fixture.Source, tenant.TenantId);

        var (plan, obstacles) = await AssessAsync(
            tenant,
            European with { Compliance = [ComplianceStandard.Hipaa], DataResidency = DataResidency.Us },
            new MoveRequest(MoveKind.Downgrade, PlanId.Hobby, "mars"));

        Assert.Null(plan);
        Assert.Superset(
            new HashSet<string> { "compliance", "region", "residency", "retention", "vehicles" },
            obstacles.Select(obstacle => obstacle.Rule).ToHashSet());
        Assert.Contains(obstacles, obstacle => obstacle.Text.Contains("has no region 'mars'; it has fsn1, hel1", StringComparison.Ordinal));
        Assert.Contains(obstacles, obstacle => obstacle.Text.Contains("6 vehicles", StringComparison.Ordinal));
        Assert.Contains(obstacles, obstacle => obstacle.Text.Contains("200 points are from before 2026-03-29", StringComparison.Ordinal));
        Assert.Equal(before, await fixture.ContentAsync(fixture.Source, tenant.TenantId));
    }

    [Fact]
    public async Task Region_outside_the_territory_in_which_the_data_must_stay_is_an_obstacle()
    {
        var tenant = await AddTenantAsync(PlanId.Hobby);

        var (_, obstacles) = await AssessAsync(
            tenant, European with { DataResidency = DataResidency.Eu }, new MoveRequest(MoveKind.Upgrade, Region: "iad"));

        Assert.Equal("residency", Assert.Single(obstacles).Rule);
    }

    [Fact]
    public async Task Tenant_with_infrastructure_of_its_own_relocates_to_another_region_only()
    {
        var tenant = await AddTenantAsync(PlanId.Starter, "fra");

        Assert.Equal(
            "region", Assert.Single((await AssessAsync(tenant, European, new MoveRequest(MoveKind.Relocate))).Obstacles).Rule);
        Assert.Equal("ams", (await AssessAsync(tenant, European, new MoveRequest(MoveKind.Relocate, Region: "ams"))).Plan!.To.Region);
    }

    [Fact]
    public void More_points_than_the_plan_takes_are_an_obstacle_and_as_many_are_none()
    {
        var hobby = PlanCatalog.Standard.Get(PlanId.Hobby);
        var most = StorageQuota.Of(hobby.Limits).Points;

        Assert.Empty(ObstaclesOf(most));
        Assert.Equal("size", Assert.Single(ObstaclesOf(most + 1)).Rule);

        IEnumerable<MoveObstacle> ObstaclesOf(long points) => MovePlanner.FindObstacles(
            Placed(new TenantPlacement
            {
                TenantId = Guid.CreateVersion7(),
                Epoch = 1,
                Home = 1,
                Plan = PlanId.Starter,
                Mode = HostingMode.SingleTenant,
                Provider = HostingProvider.Fly,
                Region = "fra",
                Hostname = "t.test",
                State = PlacementState.Serving,
            }, PlanId.Starter, "fra"),
            hobby,
            new MoveRequest(MoveKind.Downgrade),
            European,
            "fsn1",
            new MoveUsage(new Dictionary<string, long> { ["points"] = points }, points, null, 0));
    }

    [Fact]
    public async Task Plan_that_keeps_less_leaves_older_days_to_the_archive_once_that_is_agreed_to()
    {
        var tenant = await AddTenantAsync(PlanId.Starter);

        var (_, obstacles) = await AssessAsync(tenant, European, new MoveRequest(MoveKind.Downgrade));
        var plan = (await AssessAsync(tenant, European, new MoveRequest(MoveKind.Downgrade, AcceptArchive: true))).Plan!;

        Assert.Equal("retention", Assert.Single(obstacles).Rule);
        Assert.Equal((MigrationFixture.FirstDay.AddDays(2), 2 * Points / 5), (plan.RetainedSince, plan.ArchivedPoints));
        Assert.Equal((Points, 5, 2), (plan.Rows["points"], plan.Rows["vehicles"], plan.Rows["geofences"]));
    }

    [Theory]
    [InlineData(MoveKind.Upgrade, PlanId.Hobby)]
    [InlineData(MoveKind.Relocate, PlanId.Hobby)]
    [InlineData(MoveKind.Downgrade, PlanId.Business)]
    public async Task Plan_that_keeps_as_much_or_all_there_is_takes_everything(MoveKind kind, PlanId from)
    {
        var tenant = await AddTenantAsync(from);

        var plan = (await AssessAsync(tenant, European, new MoveRequest(kind))).Plan!;

        Assert.Equal((null, 0), (plan.RetainedSince, plan.ArchivedPoints));
    }

    [Fact]
    public async Task Move_to_a_shared_server_says_whether_it_would_wait_for_a_slot()
    {
        var tenant = await AddTenantAsync(PlanId.Starter);
        var request = new MoveRequest(MoveKind.Downgrade, AcceptArchive: true);

        var full = (await AssessAsync(tenant, European, request)).Plan!;
        await fixture.Control.AddServerAsync(1);
        var free = (await AssessAsync(tenant, European, request)).Plan!;

        Assert.Equal((true, false), (full.WaitsForSlot, free.WaitsForSlot));
    }

    private async Task<TenantPlacement> AddTenantAsync(PlanId plan, string? region = null)
    {
        var tenant = await fixture.Control.AddServedTenantAsync();
        await fixture.FillAsync(fixture.Source, tenant.TenantId, Points);
        return Placed(tenant, plan, region);
    }

    private static TenantPlacement Placed(TenantPlacement tenant, PlanId id, string? region)
    {
        var plan = PlanCatalog.Standard.Get(id);
        return tenant with
        {
            Plan = id,
            Mode = plan.Mode,
            Provider = plan.Pool.Provider,
            Region = region ?? (plan.Mode == HostingMode.SingleTenant ? "sjc" : "fsn1"),
        };
    }

    private Task<MoveAssessment> AssessAsync(TenantPlacement placement, SignupRequest signup, MoveRequest request) =>
        _planner.AssessAsync(
            new Tenant
            {
                Id = placement.TenantId,
                Company = signup.Company,
                Email = signup.Email,
                Plan = placement.Plan,
                State = TenantState.Active,
                Signup = JsonSerializer.Serialize(signup, JsonText.Options),
                Recommendation = "{}",
            },
            placement,
            request,
            default);
}
