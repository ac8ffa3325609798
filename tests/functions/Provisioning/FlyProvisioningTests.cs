using System.Text.Json.Nodes;
using WebHost.Functions.Tests.Hosting;

namespace WebHost.Functions.Tests.Provisioning;

public sealed class FlyProvisioningTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    private static readonly string[] OneContinent = ["europe"];
    private static readonly string[] ThreeContinents = ["europe", "north-america", "asia-pacific"];

    [Theory]
    [InlineData("starter", 49, 20, 1, 1)]
    [InlineData("professional", 149, 80, 2, 2)]
    public async Task A_plan_in_one_region_has_its_machines_and_replicas_there(
        string plan, int budget, int vehicles, int databaseMachines, int applicationMachines)
    {
        var (tenant, operation) = await SignUpAsync(plan, budget, vehicles, OneContinent);
        var done = await application.OperationAsync(operation, Ended);
        var region = (string)(await application.GetAsync($"tenants/{tenant}"))["infrastructure"]!["region"]!;

        Assert.Equal("succeeded", (string?)done["state"]);
        Assert.Equal(Enumerable.Repeat(region, databaseMachines), await RegionsAsync(tenant, database: true));
        Assert.Equal(Enumerable.Repeat(region, applicationMachines), await RegionsAsync(tenant, database: false));
    }

    [Fact]
    public async Task Business_has_machines_in_each_region_of_the_fleet_and_replicas_away_from_the_primary()
    {
        var (tenant, operation) = await SignUpAsync("business", 399, 400, ThreeContinents);
        var done = await application.OperationAsync(operation, Ended);
        var view = await application.GetAsync($"tenants/{tenant}");
        var regions = view["recommendation"]!["regions"]!.AsArray().Select(region => (string)region!).ToList();

        Assert.Equal("succeeded", (string?)done["state"]);
        Assert.Equal(3, regions.Count);
        Assert.Equal(regions.Order(), (await RegionsAsync(tenant, database: true)).Order());
        Assert.Equal(regions.Append(regions[0]).Order(), (await RegionsAsync(tenant, database: false)).Order());
        Assert.Equal(3, (await OfTenantAsync(tenant, "volume")).Count);
        Assert.Single((await OfTenantAsync(tenant, "machine")).Select(machine => (string?)machine["database"]).OfType<string>().Distinct());
    }

    [Theory]
    [InlineData("EnablePostgresConsul")]
    [InlineData("RequestAcmeCertificate")]
    public async Task A_business_tenant_that_cannot_be_made_leaves_nothing_behind(string operation)
    {
        // Every look for the certificate after the refusal finds none, so the refusal stands.
        await application.OrderFaultAsync("Fly", operation, "error", status: 400);
        var (tenant, provisioning) = await SignUpAsync("business", 399, 400, ThreeContinents);

        var failed = await application.OperationAsync(provisioning, Ended);

        Assert.Equal("failed", (string?)failed["state"]);
        Assert.Empty(failed["error"]!["leftBehind"]!.AsArray());
        Assert.All(
            await Task.WhenAll(OfTenantAsync(tenant, "app"), OfTenantAsync(tenant, "machine"), OfTenantAsync(tenant, "volume"), OfTenantAsync(tenant, "addon")),
            Assert.Empty);
    }

    private static bool Ended(JsonNode operation) => (string?)operation["state"] is "succeeded" or "failed";

    private Task<(Guid TenantId, Guid OperationId)> SignUpAsync(string plan, int budget, int vehicles, string[] locations) =>
        application.SignUpAsync(new
        {
            company = "Fleet",
            email = "fleet@example.com",
            monthlyBudgetUsd = budget,
            vehicles,
            locations,
            compliance = Array.Empty<string>(),
            plan,
        });

    private async Task<List<string>> RegionsAsync(Guid tenant, bool database) =>
        [.. (await OfTenantAsync(tenant, "machine"))
            .Where(machine => (machine["database"] is not null) == database)
            .Select(machine => (string)machine["region"]!)];

    // Everything of a tenant carries the second half of its id in its name, or in its parent's.
    private async Task<IReadOnlyList<JsonNode>> OfTenantAsync(Guid tenant, string kind) =>
        [.. (await application.ResourcesAsync("fly", kind)).Where(resource =>
            $"{resource["name"]} {resource["parent"]}".Contains(tenant.ToString("n")[16..], StringComparison.Ordinal))];
}
