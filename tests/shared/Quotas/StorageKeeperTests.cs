using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Data;
using WebHost.Monitoring;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Quotas;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Quotas;

public sealed class StorageKeeperTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private readonly AlertStore _alerts = new(fixture.Control);

    private StorageKeeper Keeper => new(
        fixture.Control, new PlacementStore(fixture.Control), fixture.Databases, _alerts, NullLogger<StorageKeeper>.Instance);

    [Fact]
    public async Task Measure_counts_each_tenants_own_points_and_its_share_of_the_partitions()
    {
        var (large, small) = (await AddServedAsync(), await AddServedAsync());
        await StoreAsync(large.TenantId, 3000);
        await StoreAsync(small.TenantId, 1000);

        await Keeper.MeasureAsync(default);

        var (first, second) = (await Keeper.FindAsync(large.TenantId, default), await Keeper.FindAsync(small.TenantId, default));
        Assert.Equal((3000L, 1000L), (first!.Points, second!.Points));
        Assert.InRange((double)first.Bytes / second.Bytes, 2.9, 3.1);
        Assert.InRange(first.Bytes / first.Points, 100, 400);
    }

    [Fact]
    public async Task A_tenant_over_its_quota_is_marked_and_reported_until_it_no_longer_is()
    {
        var tenant = await AddServedAsync();
        await StoreAsync(tenant.TenantId, 10);
        // What is in quarantine takes room as well: more than a hobby tenant has.
        await QuarantineAsync(tenant.TenantId, blocks: 18, bytes: 20_000_000);

        await Keeper.MeasureAsync(default);
        var over = await Keeper.FindAsync(tenant.TenantId, default);
        var raised = await OpenAlertAsync(tenant.TenantId);
        await ExecuteAsync("DELETE FROM fleet.quarantine WHERE customer_id = $1", tenant.TenantId);
        await Keeper.MeasureAsync(default);

        Assert.True(over!.OverQuota);
        Assert.NotNull(raised);
        Assert.Equal(10, over.Points);
        Assert.False((await Keeper.FindAsync(tenant.TenantId, default))!.OverQuota);
        Assert.Null(await OpenAlertAsync(tenant.TenantId));
    }

    [Fact]
    public void The_quotas_of_all_plans_fit_where_the_plans_live()
    {
        var quotas = PlanCatalog.Standard.Plans.ToDictionary(plan => plan.Id, plan => StorageQuota.Of(plan.Limits));

        // An AX52 has 1 TB after mirroring, and Fly's volumes are 10, 80 and 500 GB.
        Assert.InRange(quotas[PlanId.Hobby].Bytes * Server.MaximumCapacity, 1, 500_000_000_000);
        Assert.InRange(quotas[PlanId.Starter].Bytes, 1, 10_000_000_000);
        Assert.InRange(quotas[PlanId.Professional].Bytes, 1, 80_000_000_000);
        Assert.InRange(quotas[PlanId.Business].Bytes, 1, 500_000_000_000);
    }

    private async Task<TenantPlacement> AddServedAsync()
    {
        var placement = await fixture.AddServedTenantAsync();
        var store = new PlacementStore(fixture.Control);
        await store.UseDatabaseAsync(placement.TenantId, placement.Epoch, fixture.Database.Id, default);
        await store.EnterAsync(placement.TenantId, placement.Epoch, PlacementState.Serving, default);
        return placement;
    }

    private async Task<Alert?> OpenAlertAsync(Guid tenantId) =>
        (await _alerts.ListAsync(includeResolved: false, 100, default))
            .SingleOrDefault(alert => alert.Kind == StorageKeeper.OverQuota && alert.Subject == tenantId.ToString());

    private Task StoreAsync(Guid tenantId, int points) => ExecuteAsync(
        """
        INSERT INTO fleet.points (customer_id, device_id, fix_time, position, received_at)
        SELECT $1, $1, date_trunc('day', now()) + i * interval '1 millisecond', ST_SetSRID(ST_MakePoint(8, 50), 4326), now()
        FROM generate_series(1, $2) AS i
        """,
        tenantId, points);

    private Task QuarantineAsync(Guid tenantId, int blocks, int bytes) => ExecuteAsync(
        """
        INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw)
        SELECT $1, $1, now(), int4send(i), 'too-large', 'test', repeat('x', $3) FROM generate_series(1, $2) AS i
        """,
        tenantId, blocks, bytes);

    private async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var connection = await fixture.OpenAsync(fixture.Database.AdminUser);
        await connection.Sql(sql, values).RunAsync();
    }
}
