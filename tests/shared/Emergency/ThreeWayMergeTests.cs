using CsCheck;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Json;
using WebHost.Placement;

namespace WebHost.Tests.Emergency;

/// <summary>Small tables of whatever contents, merged by the database and by a model.</summary>
public sealed class ThreeWayMergeTests(ReconciliationFixture fixture) : IClassFixture<ReconciliationFixture>
{
    [Fact]
    public Task Merge_of_any_three_fleets_is_what_the_rules_say_and_repeating_it_changes_nothing() =>
        Gen.Select(AnyFleets.Any, AnyFleets.Any, AnyFleets.Any, Gen.Bool).SampleAsync(
            async (basis, theirs, ours, hasBasis) =>
            {
                var tenant = await fixture.Control.AddRoutedTenantAsync();
                await WriteAsync(fixture.Source, tenant.TenantId, basis);
                var lost = await fixture.LoseAsync(tenant);
                await WriteAsync(fixture.Source, tenant.TenantId, theirs);
                await WriteAsync(fixture.Target, tenant.TenantId, ours);

                var run = () => fixture.Reconciliation().RunAsync(
                    Guid.NewGuid(), fixture.Source, lost.Target, hasBasis ? lost.Backup : null, default);
                var report = await run();

                var expected = MergeModel.Of(hasBasis ? basis : [], theirs, ours);
                var merged = await ReadAsync(fixture.Target, tenant.TenantId);
                Assert.Equal(
                    Sorted(expected.Rows.Select(row => $"{row.Key}: {row.Value}")),
                    Sorted(merged.Select(row => $"{row.Key}: {row.Value.Content}")));
                Assert.Equal(
                    Sorted(expected.Conflicts.Select(conflict => $"{conflict.Key}: {conflict.Value}")),
                    Sorted(report.Conflicts.Select(conflict => $"{IdOf(conflict)}: {conflict.Reason}")));
                AssertVersionsTell(merged, ours, theirs);
                AssertCounted(report, ours, merged);

                Assert.Equal(JsonText.Of(report), JsonText.Of(await run()));
                Assert.Equal(Sorted(merged.Select(row => $"{row}")), Sorted((await ReadAsync(fixture.Target, tenant.TenantId)).Select(row => $"{row}")));
            },
            iter: 40,
            threads: 1);

    // Who has seen a version, on whichever side, finds what was seen, or another version; and no version goes back.
    private static void AssertVersionsTell(
        Dictionary<RowId, FleetRow> merged, Dictionary<RowId, FleetRow> ours, Dictionary<RowId, FleetRow> theirs)
    {
        foreach (var (id, row) in merged.Where(row => row.Key.Table is MergeModel.Vehicles or MergeModel.Geofences))
        {
            foreach (var seen in new[] { ours.GetValueOrDefault(id), theirs.GetValueOrDefault(id) }.OfType<FleetRow>())
            {
                Assert.True(row.Version != seen.Version || row.Says(seen), $"{id} is {row}, and was {seen}.");
            }

            Assert.True(ours.GetValueOrDefault(id) is not { } before || row.Version >= before.Version, $"{id} is {row}.");
        }
    }

    private static void AssertCounted(
        ReconciliationReport report, Dictionary<RowId, FleetRow> ours, Dictionary<RowId, FleetRow> merged)
    {
        foreach (var table in report.Tables)
        {
            var before = ours.Where(row => row.Key.Table == table.Table).ToDictionary();
            var after = merged.Where(row => row.Key.Table == table.Table).ToDictionary();
            Assert.Equal(
                (after.Keys.Except(before.Keys).Count(),
                    after.Count(row => before.TryGetValue(row.Key, out var was) && !was.Says(row.Value)),
                    before.Keys.Except(after.Keys).Count(),
                    report.Conflicts.Count(conflict => conflict.Table == table.Table)),
                ((int)table.Added, (int)table.Changed, (int)table.Deleted, (int)table.Conflicts));
        }
    }

    private static List<string> Sorted(IEnumerable<string> lines) => [.. lines.Order(StringComparer.Ordinal)];

    private static Guid DeviceId(string name) => new(int.Parse(name, System.Globalization.CultureInfo.InvariantCulture), 0, 0, new byte[8]);

    private static string NameOf(Guid deviceId) => $"{deviceId.ToByteArray()[0]}";

    private static RowId IdOf(MergeConflict conflict)
    {
        string Text(string property) => conflict.Key.GetProperty(property).GetString()!;
        return new RowId(conflict.Table, conflict.Table switch
        {
            MergeModel.Vehicles => Text("vehicleId"),
            MergeModel.Geofences => Text("geofenceId"),
            MergeModel.Devices => NameOf(Guid.Parse(Text("deviceId"))),
            _ => $"{NameOf(Guid.Parse(Text("deviceId")))}@{conflict.Key.GetProperty("since").GetDateTimeOffset().Day - 1}",
        });
    }

    private async Task WriteAsync(TenantDatabaseAddress database, Guid tenantId, Dictionary<RowId, FleetRow> fleet)
    {
        await using var connection = await fixture.Moving.Connections.OpenAsync(database, default);
        foreach (var table in (string[])[MergeModel.Rides, MergeModel.Devices, MergeModel.Vehicles, MergeModel.Geofences])
        {
            await connection.Sql($"DELETE FROM fleet.{table} WHERE customer_id = $1", tenantId).RunAsync();
        }

        foreach (var (id, row) in fleet.OrderBy(row => row.Key.Table == MergeModel.Rides))
        {
            await (id.Table switch
            {
                MergeModel.Vehicles => connection.Sql(
                    "INSERT INTO fleet.vehicles (customer_id, vehicle_id, name, version) VALUES ($1, $2, $3, $4)",
                    tenantId, id.Key, row.Content, row.Version),
                MergeModel.Geofences => connection.Sql(
                    """
                    INSERT INTO fleet.geofences (customer_id, geofence_id, name, area, version)
                    VALUES ($1, $2, 'Yard', ST_MakeEnvelope(0, 0, 1, ascii($3), 4326), $4)
                    """,
                    tenantId, id.Key, row.Content, row.Version),
                MergeModel.Devices => connection.Sql(
                    "INSERT INTO fleet.devices (customer_id, device_id, name) VALUES ($1, $2, $3)",
                    tenantId, DeviceId(id.Key), row.Content),
                _ => connection.Sql(
                    """
                    INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id)
                    VALUES ($1, $2, '2026-03-01 00:00:00+00'::timestamptz + $3 * interval '1 day', nullif($4, '-'))
                    """,
                    tenantId, DeviceId(id.Key[..1]), id.Key[2] - '0', row.Content),
            }).RunAsync();
        }
    }

    private async Task<Dictionary<RowId, FleetRow>> ReadAsync(TenantDatabaseAddress database, Guid tenantId)
    {
        await using var connection = await fixture.Moving.Connections.OpenAsync(database, default);
        return (await connection.Sql(
            """
            SELECT 'vehicles', vehicle_id, name, version FROM fleet.vehicles WHERE customer_id = $1
            UNION ALL SELECT 'geofences', geofence_id, chr(ST_YMax(area)::int), version FROM fleet.geofences WHERE customer_id = $1
            UNION ALL SELECT 'devices', device_id::text, name, 0 FROM fleet.devices WHERE customer_id = $1
            UNION ALL SELECT 'device_vehicles', device_id::text || '@' || (since::date - '2026-03-01'::date), coalesce(vehicle_id, '-'), 0
                FROM fleet.device_vehicles WHERE customer_id = $1
            """,
            tenantId).ListAsync(row => (Table: row.GetString(0), Key: row.GetString(1), Row: new FleetRow(row.GetString(2), (int)row.GetInt64(3)))))
            .ToDictionary(
                found => new RowId(found.Table, found.Table is MergeModel.Devices or MergeModel.Rides
                    ? NameOf(Guid.Parse(found.Key[..36])) + found.Key[36..]
                    : found.Key),
                found => found.Row);
    }
}
