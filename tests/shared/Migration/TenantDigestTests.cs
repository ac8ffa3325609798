using WebHost.Migration;
using WebHost.Placement;

namespace WebHost.Tests.Migration;

public sealed class TenantDigestTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    private static readonly DateOnly Third = MigrationFixture.FirstDay.AddDays(2);

    [Theory]
    [InlineData("UPDATE fleet.points SET speed = speed + 0.00001 WHERE device_id = md5('d2')::uuid", "points", 2)]
    [InlineData("UPDATE fleet.points SET position = ST_Translate(position, 1e-13, 0) WHERE device_id = md5('d2')::uuid", "points", 2)]
    [InlineData("UPDATE fleet.points SET extras = '{}' WHERE device_id = md5('d2')::uuid AND extras IS NULL", "points", 2)]
    [InlineData("UPDATE fleet.points SET fix_time = fix_time + interval '1 us' WHERE device_id = md5('d2')::uuid", "points", 2)]
    [InlineData("DELETE FROM fleet.quarantine WHERE received_at >= '2026-03-29 00:00Z'", "quarantine", 2)]
    [InlineData("UPDATE fleet.vehicles SET plate = '' WHERE plate IS NULL", "vehicles", null)]
    [InlineData("UPDATE fleet.geofences SET area = ST_Reverse(area)", "geofences", null)]
    [InlineData("UPDATE fleet.devices SET name = replace(name, 'Ü', 'U')", "devices", null)]
    [InlineData("UPDATE fleet.device_vehicles SET vehicle_id = 'v1' WHERE vehicle_id IS NULL", "device_vehicles", null)]
    [InlineData("DELETE FROM fleet.heartbeats WHERE device_id = md5('d2')::uuid", "heartbeats", null)]
    [InlineData("UPDATE fleet.positions SET course = course + 1", "positions", null)]
    public async Task Compare_names_table_and_day_of_any_difference(string change, string table, int? day)
    {
        var tenant = await fixture.Control.AddServedTenantAsync();
        await fixture.FillAsync(fixture.Source, tenant.TenantId, 50);
        var before = await ReadAsync(tenant);
        var condition = change.Contains(" WHERE ", StringComparison.Ordinal) ? " AND" : " WHERE";

        await fixture.RunAsync(fixture.Source, $"{change}{condition} customer_id = $1", tenant.TenantId);

        var found = Assert.Single(before.CompareTo(await ReadAsync(tenant)));
        Assert.Equal((table, day is { } n ? MigrationFixture.FirstDay.AddDays(n) : null), (found.Table, found.Day));
    }

    [Fact]
    public async Task Compare_tells_missing_rows_from_other_rows()
    {
        var tenant = await fixture.Control.AddServedTenantAsync();
        await fixture.FillAsync(fixture.Source, tenant.TenantId, 50);
        var before = await ReadAsync(tenant);
        await fixture.RunAsync(fixture.Source, "DELETE FROM fleet.geofences WHERE customer_id = $1", tenant.TenantId);
        await fixture.RunAsync(fixture.Source, "UPDATE fleet.vehicles SET name = 'x' WHERE customer_id = $1", tenant.TenantId);

        var found = before.CompareTo(await ReadAsync(tenant));

        Assert.Equal(
            ["2 rows at the source, 0 at the target", "5 rows at the source and at the target, but not the same"],
            found.Select(difference => difference.Difference));
    }

    [Fact]
    public async Task Digest_since_a_day_is_that_part_of_the_digest_of_all()
    {
        var tenant = await fixture.Control.AddServedTenantAsync();
        await fixture.FillAsync(fixture.Source, tenant.TenantId, 50);
        var all = await ReadAsync(tenant);

        var some = await TenantDigest.ReadAsync(fixture.Connections, fixture.Source, tenant.TenantId, Third, default);
        var none = await TenantDigest.ReadAsync(
            fixture.Connections, fixture.Source, tenant.TenantId, DateOnly.MaxValue, default);

        Assert.Equal(
            all.Parts.Where(part => part.Key.Day is null || part.Key.Day >= Third).ToDictionary(), some.Parts);
        Assert.All(none.Parts.Keys, part => Assert.Null(part.Day));
    }

    private Task<TenantDigest> ReadAsync(TenantPlacement tenant) =>
        TenantDigest.ReadAsync(fixture.Connections, fixture.Source, tenant.TenantId, null, default);
}
