using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Tests.Placement;

public sealed class PlacementStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private readonly PlacementStore _placements = new(fixture.Control);

    [Fact]
    public async Task GetHome_of_a_home_that_does_not_serve_answers_what_the_placement_would_be()
    {
        var (tenant, _) = await AddTenantWithTwoHomesAsync();

        var home = await _placements.GetHomeAsync(tenant.TenantId, 2, default);

        Assert.Equal((2, 2, PlacementState.Elsewhere), (home.Epoch, home.Home, home.State));
        Assert.Equal((PlanId.Starter, HostingProvider.Fly, "fra"), (home.Plan, home.Provider, home.Region));
        Assert.Equal(tenant.Hostname, home.Hostname);
        Assert.Null(home.DatabaseId);
    }

    [Fact]
    public async Task GetHome_of_the_home_that_serves_answers_the_placement()
    {
        var (tenant, _) = await AddTenantWithTwoHomesAsync();

        Assert.Equal(
            await _placements.GetAsync(tenant.TenantId, default), await _placements.GetHomeAsync(tenant.TenantId, 1, default));
        Assert.Contains(
            "no home 3",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => _placements.GetHomeAsync(tenant.TenantId, 3, default))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Move_changes_home_and_epoch_and_leaves_the_old_home_elsewhere()
    {
        var (tenant, target) = await AddTenantWithTwoHomesAsync();

        Assert.True(await MoveAsync(tenant.TenantId, from: 1, to: 2, home: 2));

        var serving = await _placements.FindByHostnameAsync(tenant.Hostname, default);
        Assert.Equal(target with { Epoch = 2, State = PlacementState.Serving }, serving);
        Assert.Equal(PlacementState.Elsewhere, (await _placements.GetHomeAsync(tenant.TenantId, 1, default)).State);
    }

    [Fact]
    public async Task Move_back_serves_from_the_older_home_at_a_newer_epoch()
    {
        var (tenant, _) = await AddTenantWithTwoHomesAsync();
        await MoveAsync(tenant.TenantId, from: 1, to: 2, home: 2);

        Assert.True(await MoveAsync(tenant.TenantId, from: 2, to: 3, home: 1));

        var serving = await _placements.GetAsync(tenant.TenantId, default);
        Assert.Equal((3, 1, fixture.Database.Id), (serving.Epoch, serving.Home, serving.DatabaseId));
        Assert.Equal(2, (await _placements.GetHomeAsync(tenant.TenantId, 2, default)).Epoch);
    }

    [Fact]
    public async Task Of_all_who_move_a_tenant_from_one_epoch_at_once_one_does()
    {
        var (tenant, _) = await AddTenantWithTwoHomesAsync();

        var moved = await Task.WhenAll(
            Enumerable.Range(2, 8).Select(to => MoveAsync(tenant.TenantId, from: 1, to, home: to % 2 == 0 ? 2 : 1)));

        var winner = Assert.Single(Enumerable.Range(2, 8), to => moved[to - 2]);
        var serving = await _placements.GetAsync(tenant.TenantId, default);
        Assert.Equal((winner, winner % 2 == 0 ? 2 : 1), (serving.Epoch, serving.Home));
        Assert.False(await MoveAsync(tenant.TenantId, from: 1, to: 20, home: 2));
    }

    private async Task<(TenantPlacement Tenant, TenantPlacement Target)> AddTenantWithTwoHomesAsync()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var target = tenant with
        {
            Home = 2,
            Plan = PlanId.Starter,
            Mode = HostingMode.SingleTenant,
            Provider = HostingProvider.Fly,
            Region = "fra",
            DatabaseId = null,
        };
        await fixture.Control.TransactAsync(async transaction =>
        {
            await PlacementStore.AddHomeAsync(transaction, target, operationId: null, default);
            return true;
        });
        return (tenant, target);
    }

    private Task<bool> MoveAsync(Guid tenantId, long from, long to, long home) =>
        fixture.Control.TransactAsync(transaction => PlacementStore.MoveAsync(transaction, tenantId, from, to, home, default));
}
