using CsCheck;
using Npgsql;
using WebHost.Data;
using WebHost.Emergency;

namespace WebHost.Tests.Emergency;

/// <summary>Small tables of whatever contents, merged by the database and by a model.</summary>
public sealed class ThreeWayMergeTests(ReconciliationFixture fixture) : IClassFixture<ReconciliationFixture>
{
    [Fact]
    public async Task Merge_of_any_three_fleets_is_what_the_rules_say()
    {
        var tenant = await fixture.Control.AddServedTenantAsync();
        await using var connection = await fixture.Moving.Connections.OpenAsync(fixture.Target, default);
        await fixture.Control.Setup.AddTenantAsync(fixture.Target, tenant, default);
        await Gen.Select(AnyFleets.Any, AnyFleets.Any, AnyFleets.Any, Gen.Bool).SampleAsync(
            async (basis, theirs, ours, hasBasis) =>
            {
                await using var transaction = await connection.BeginTransactionAsync();
                var merge = new ThreeWayMerge(transaction, tenant.TenantId);
                foreach (var table in ThreeWayMerge.Tables)
                {
                    await WriteAsync(transaction, await merge.MakeBasisAsync(table, default), table.Name, hasBasis ? basis : []);
                    await WriteAsync(transaction, await merge.MakeTheirsAsync(table, default), table.Name, theirs);
                    await WriteAsync(transaction, table.Table, table.Name, ours, tenant.TenantId);
                }

                var outcome = await merge.ApplyAsync(default);

                var expected = MergeModel.Of(hasBasis ? basis : [], theirs, ours);
                var merged = await ReadAsync(transaction, tenant.TenantId);
                Assert.Equal(
                    Sorted(expected.Rows.Select(row => $"{row.Key}: {row.Value}")),
                    Sorted(merged.Select(row => $"{row.Key}: {row.Value.Content}")));
                Assert.Equal(
                    Sorted(expected.Conflicts.Select(conflict => $"{conflict.Key}: {conflict.Value}")),
                    Sorted(outcome.Conflicts.Select(conflict => $"{IdOf(conflict)}: {conflict.Reason}")));
                AssertVersionsTell(merged, ours, theirs);
                AssertCounted(outcome, ours, merged);
            },
            iter: 200,
            threads: 1);
    }

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
        ReconciledPart outcome, Dictionary<RowId, FleetRow> ours, Dictionary<RowId, FleetRow> merged)
    {
        foreach (var table in outcome.Tables)
        {
            var before = ours.Where(row => row.Key.Table == table.Table).ToDictionary();
            var after = merged.Where(row => row.Key.Table == table.Table).ToDictionary();
            Assert.Equal(
                (after.Keys.Except(before.Keys).Count(),
                    after.Count(row => before.TryGetValue(row.Key, out var was) && !was.Says(row.Value)),
                    before.Keys.Except(after.Keys).Count(),
                    outcome.Conflicts.Count(conflict => conflict.Table == table.Table)),
                ((int)table.Added, (int)table.Changed, (int)table.Deleted, (int)table.Conflicts));
        }
    }

    private static List<string> Sorted(IEnumerable<string> lines) => [.. lines.Order(StringComparer.Ordinal)];

    private static Guid DeviceId(string name) => new(name[0] - '0', 0, 0, new byte[8]);

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

    private static async Task WriteAsync(
        NpgsqlTransaction transaction,
        string into,
        string table,
        Dictionary<RowId, FleetRow> fleet,
        Guid? tenantId = null)
    {
        var (column, customer) = tenantId is null ? ("", "") : ("customer_id, ", $"'{tenantId}', ");
        foreach (var (id, row) in fleet.Where(row => row.Key.Table == table))
        {
            await (table switch
            {
                MergeModel.Vehicles => transaction.Sql(
                    $"INSERT INTO {into} ({column}vehicle_id, name, version) VALUES ({customer}$1, $2, $3)",
                    id.Key, row.Content, row.Version),
                MergeModel.Geofences => transaction.Sql(
                    $"""
                    INSERT INTO {into} ({column}geofence_id, name, area, version)
                    VALUES ({customer}$1, 'Yard', ST_MakeEnvelope(0, 0, 1, ascii($2), 4326), $3)
                    """,
                    id.Key, row.Content, row.Version),
                MergeModel.Devices => transaction.Sql(
                    $"INSERT INTO {into} ({column}device_id, name) VALUES ({customer}$1, $2)", DeviceId(id.Key), row.Content),
                _ => transaction.Sql(
                    $"""
                    INSERT INTO {into} ({column}device_id, since, vehicle_id)
                    VALUES ({customer}$1, '2026-03-01 00:00:00+00'::timestamptz + $2 * interval '1 day', nullif($3, '-'))
                    """,
                    DeviceId(id.Key), id.Key[2] - '0', row.Content),
            }).RunAsync();
        }
    }

    private static async Task<Dictionary<RowId, FleetRow>> ReadAsync(NpgsqlTransaction transaction, Guid tenantId) =>
        (await transaction.Sql(
            """
            SELECT 'vehicles', vehicle_id, name, version FROM fleet.vehicles WHERE customer_id = $1
            UNION ALL SELECT 'geofences', geofence_id, chr(ST_YMax(area)::int), version
                FROM fleet.geofences WHERE customer_id = $1
            UNION ALL SELECT 'devices', device_id::text, name, 0 FROM fleet.devices WHERE customer_id = $1
            UNION ALL SELECT 'device_vehicles', device_id::text || '@' || (since::date - '2026-03-01'::date),
                             coalesce(vehicle_id, '-'), 0
                FROM fleet.device_vehicles WHERE customer_id = $1
            """,
            tenantId).ListAsync(row => (
                Table: row.GetString(0),
                Key: row.GetString(1),
                Row: new FleetRow(row.GetString(2), (int)row.GetInt64(3)))))
            .ToDictionary(
                found => new RowId(found.Table, found.Table is MergeModel.Devices or MergeModel.Rides
                    ? NameOf(Guid.Parse(found.Key[..36])) + found.Key[36..]
                    : found.Key),
                found => found.Row);
}
