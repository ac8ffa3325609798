using NetTopologySuite.Geometries;
using NetTopologySuite.IO;
using WebHost.Fleet;
using WebHost.Placement;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Fleet;

public sealed class GeofenceStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static readonly Geometry Yard = Area("POLYGON ((13.4000000000001 52.5, 13.5 52.5, 13.5 52.6, 13.4000000000001 52.5))");
    private static readonly Geometry Islands =
        Area("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 9 5, 9 9, 5 5), (7 6, 8 6, 8 7, 7 6)))");

    private readonly GeofenceStore _geofences = new(fixture.NewSessions());

    [Fact]
    public async Task Find_of_what_was_put_answers_it_to_the_last_digit()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await PutAsync(tenant, "yard", Yard);
        await PutAsync(tenant, "islands", Islands);

        var found = await _geofences.ListAsync(tenant.TenantId, after: null, 10, default);

        Assert.Equal(["islands", "yard"], found.Select(geofence => geofence.GeofenceId));
        Assert.True(found[0].Area.EqualsExact(Islands));
        Assert.True(found[1].Area.EqualsExact(Yard));
    }

    [Fact]
    public async Task List_goes_on_after_the_id_given()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        foreach (var id in (string[])["c", "a", "b"])
        {
            await PutAsync(tenant, id, Yard);
        }

        Assert.Equal(["a", "b"], (await _geofences.ListAsync(tenant.TenantId, null, 2, default)).Select(g => g.GeofenceId));
        Assert.Equal(["c"], (await _geofences.ListAsync(tenant.TenantId, "b", 2, default)).Select(g => g.GeofenceId));
    }

    [Fact]
    public async Task Put_at_the_version_seen_changes_it_and_at_another_does_not()
    {
        var tenant = await fixture.AddRoutedTenantAsync();

        Assert.Equal(VersionedChange.Outdated, await PutAsync(tenant, "g", Yard, expected: RowExpectation.At(1)));
        Assert.Equal(VersionedChange.Created, await PutAsync(tenant, "g", Yard, expected: RowExpectation.Absent));
        Assert.Equal(VersionedChange.Outdated, await PutAsync(tenant, "g", Islands, expected: RowExpectation.Absent));
        Assert.Equal(VersionedChange.Updated, await PutAsync(tenant, "g", Islands, expected: RowExpectation.At(1)));
        Assert.Equal(VersionedChange.Outdated, await PutAsync(tenant, "g", Yard, expected: RowExpectation.At(1)));
        Assert.Equal(VersionedChange.Updated, await PutAsync(tenant, "g", Islands));

        var found = await _geofences.FindAsync(tenant.TenantId, "g", default);
        Assert.Equal(3, found!.Version);
        Assert.True(found.Area.EqualsExact(Islands));
    }

    [Fact]
    public async Task Delete_at_the_version_seen_removes_it_and_at_another_does_not()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await PutAsync(tenant, "g", Yard);

        Assert.False(await _geofences.DeleteAsync(tenant.TenantId, "g", RowExpectation.At(2), default));
        Assert.True(await _geofences.DeleteAsync(tenant.TenantId, "g", RowExpectation.At(1), default));
        Assert.False(await _geofences.DeleteAsync(tenant.TenantId, "g", RowExpectation.Anything, default));
    }

    [Fact]
    public async Task Put_by_many_at_once_stops_exactly_at_the_limit()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await fixture.AskAsync<long>(
            """
            WITH added AS (
                INSERT INTO fleet.geofences (customer_id, geofence_id, name, area)
                SELECT $1, 'old-' || n, 'Old', 'SRID=4326;POLYGON((0 0,1 0,1 1,0 0))' FROM generate_series(1, $2) AS n RETURNING 1)
            SELECT count(*) FROM added
            """,
            tenant.TenantId, GeofenceStore.Limit - 2);

        var changes = await Task.WhenAll(Enumerable.Range(0, 6).Select(n => PutAsync(tenant, $"new-{n}", Yard)));

        Assert.Equal(2, changes.Count(change => change == VersionedChange.Created));
        Assert.Equal(4, changes.Count(change => change == VersionedChange.OverLimit));
    }

    [Fact]
    public async Task Geofences_of_another_tenant_are_neither_seen_nor_changed()
    {
        var (mine, theirs) = (await fixture.AddRoutedTenantAsync(), await fixture.AddRoutedTenantAsync());
        await PutAsync(theirs, "g", Yard);

        Assert.Null(await _geofences.FindAsync(mine.TenantId, "g", default));
        Assert.False(await _geofences.DeleteAsync(mine.TenantId, "g", RowExpectation.Anything, default));
        Assert.Equal(VersionedChange.Created, await PutAsync(mine, "g", Islands));
        Assert.True((await _geofences.FindAsync(theirs.TenantId, "g", default))!.Area.EqualsExact(Yard));
    }

    private async Task<VersionedChange> PutAsync(
        TenantPlacement tenant, string geofenceId, Geometry area, RowExpectation? expected = null) =>
        (await _geofences.PutAsync(tenant.TenantId, geofenceId, "Name", area, expected ?? RowExpectation.Anything, default)).Change;

    private static Geometry Area(string wkt)
    {
        var area = new WKTReader().Read(wkt);
        area.SRID = 4326;
        return area;
    }
}
