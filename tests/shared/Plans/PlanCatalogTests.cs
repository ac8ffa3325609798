using System.Text.Json;
using WebHost.Json;
using WebHost.Plans;

namespace WebHost.Tests.Plans;

public sealed class PlanCatalogTests
{
    [Theory]
    [InlineData(PlanId.Hobby, 15, 0.59, 96.1, 5, 100, 50, 1_000, 10, 30)]
    [InlineData(PlanId.Starter, 49, 8.00, 83.7, 25, 500, 200, 5_000, 50, 90)]
    [InlineData(PlanId.Professional, 149, 8.00, 94.6, 100, 2_000, 500, 10_000, 100, 365)]
    [InlineData(PlanId.Business, 399, 60.00, 85.0, 500, 10_000, 1_000, 20_000, 500, 730)]
    public void Standard_has_the_price_list(
        PlanId id, double price, double cost, double margin, int vehicles, int points, int users, int queries, int upload, int days)
    {
        var plan = PlanCatalog.Standard.Get(id);

        Assert.Equal((decimal)price, plan.MonthlyPriceUsd);
        Assert.Equal((decimal)cost, plan.MonthlyCostUsd);
        Assert.Equal((decimal)margin, plan.MarginPercent);
        Assert.Equal(new PlanLimits(vehicles, points, users, queries, upload, days), plan.Limits);
    }

    [Fact]
    public void Standard_puts_only_hobby_on_the_shared_servers()
    {
        var shared = PlanCatalog.Standard.Plans.Where(plan => plan.Mode == HostingMode.MultiTenant).ToList();

        Assert.Equal([PlanId.Hobby], shared.Select(plan => plan.Id));
        Assert.All(
            PlanCatalog.Standard.Plans,
            plan => Assert.Equal(plan.Mode == HostingMode.MultiTenant, plan.Pool.Provider == HostingProvider.Hetzner));
    }

    [Fact]
    public void Get_a_plan_that_is_not_sold_names_it()
    {
        var onlyHobby = new PlanCatalog([PlanCatalog.Standard.Get(PlanId.Hobby)]);

        var error = Assert.Throws<ArgumentOutOfRangeException>(() => onlyHobby.Get(PlanId.Business));

        Assert.Equal(PlanId.Business, error.ActualValue);
    }

    [Fact]
    public void Catalog_without_plans_or_with_a_plan_twice_is_refused()
    {
        var hobby = PlanCatalog.Standard.Get(PlanId.Hobby);

        Assert.Throws<ArgumentException>(() => new PlanCatalog([]));
        Assert.Throws<ArgumentException>(() => new PlanCatalog([hobby, hobby with { MonthlyPriceUsd = 1 }]));
    }

    [Fact]
    public void PlanId_is_its_lower_case_name_in_json()
    {
        Assert.Equal("\"professional\"", JsonSerializer.Serialize(PlanId.Professional));
        Assert.Equal(PlanId.Hobby, JsonSerializer.Deserialize<PlanId>("\"hobby\""));
    }

    [Fact]
    public void WireName_agrees_with_the_serializer_both_ways()
    {
        foreach (var mode in Enum.GetValues<HostingMode>())
        {
            Assert.Equal(JsonSerializer.Serialize(mode), $"\"{WireName.Of(mode)}\"");
            Assert.True(WireName.TryParse<HostingMode>(WireName.Of(mode).ToUpperInvariant(), out var back));
            Assert.Equal(mode, back);
        }

        Assert.Equal(["multi-tenant", "single-tenant"], WireName.All<HostingMode>());
        Assert.False(WireName.TryParse<HostingMode>("0", out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => WireName.Of((HostingMode)9));
    }
}
