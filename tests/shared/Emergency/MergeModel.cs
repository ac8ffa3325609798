using CsCheck;
using WebHost.Emergency;

namespace WebHost.Tests.Emergency;

/// <summary>A row's table and key.</summary>
public sealed record RowId(string Table, string Key);

/// <summary>What a row says, at which version where the table has one, and what it refers to.</summary>
public sealed record FleetRow(string Content, int Version, params RowId[] Refers)
{
    public bool Says(FleetRow? other) => other is not null && Content == other.Content;
}

/// <summary>The rules of merging, a row at a time, in the order in which README.md has them.</summary>
internal sealed class MergeModel(
    Dictionary<RowId, FleetRow> basis, Dictionary<RowId, FleetRow> theirs, Dictionary<RowId, FleetRow> ours)
{
    public const string Vehicles = "vehicles";
    public const string Devices = "devices";
    public const string Rides = "device_vehicles";
    public const string Geofences = "geofences";

    /// <summary>What the target should say afterwards.</summary>
    public Dictionary<RowId, string> Rows { get; } = [];

    /// <summary>What should be listed.</summary>
    public Dictionary<RowId, MergeConflictReason> Conflicts { get; } = [];

    public static MergeModel Of(
        Dictionary<RowId, FleetRow> basis, Dictionary<RowId, FleetRow> theirs, Dictionary<RowId, FleetRow> ours)
    {
        var model = new MergeModel(basis, theirs, ours);
        var ids = basis.Keys.Union(theirs.Keys).Union(ours.Keys).ToList();
        ids.Where(id => id.Table != Rides).ToList().ForEach(model.Merge);
        ids.Where(id => id.Table == Rides).ToList().ForEach(model.Merge);
        return model;
    }

    private void Merge(RowId id)
    {
        var (b, t, o) = (basis.GetValueOrDefault(id), theirs.GetValueOrDefault(id), ours.GetValueOrDefault(id));
        if (Same(t, b) || Same(t, o))
        {
            Keep(id, o, null);
        }
        else if (!Same(o, b))
        {
            Keep(id, o, t is null ? MergeConflictReason.DeletedAtSource
                : o is null ? MergeConflictReason.DeletedAtTarget : MergeConflictReason.BothChanged);
        }
        else if (t is null && ours.Any(row => row.Value.Refers.Contains(id) && !row.Value.Says(basis.GetValueOrDefault(row.Key))))
        {
            Keep(id, o, MergeConflictReason.StillUsed);
        }
        else if (t is null && id.Table == Rides && o!.Refers.Any(device => device.Table == Devices && Rows.ContainsKey(device)
            && !theirs.ContainsKey(device)))
        {
            Keep(id, o, null);
        }
        else if (t is not null && t.Refers.Any(parent => theirs.ContainsKey(parent) && !Rows.ContainsKey(parent)))
        {
            Keep(id, o, MergeConflictReason.RefersToDeleted);
        }
        else if (t is not null)
        {
            Rows[id] = t.Content;
        }
    }

    private void Keep(RowId id, FleetRow? row, MergeConflictReason? conflict)
    {
        if (row is not null)
        {
            Rows[id] = row.Content;
        }

        if (conflict is { } reason)
        {
            Conflicts[id] = reason;
        }
    }

    private static bool Same(FleetRow? left, FleetRow? right) => left is null ? right is null : left.Says(right);
}

/// <summary>Three states of a small fleet, with few contents, so that every case comes often.</summary>
internal static class AnyFleets
{
    private static readonly string[] Names = ["1", "2", "3"];

    private static readonly Gen<FleetRow?> Row =
        Gen.Select(Gen.OneOf<string?>(null, "A", "B"), Gen.Int[1, 3]).Select((content, version) =>
            content is null ? null : new FleetRow(content, version));

    // In vehicle 1, 2 or 3, in none ("-"), or no ride at all.
    private static readonly Gen<string?> Ride = Gen.OneOf<string?>(null, null, "-", "1", "2", "3");

    public static readonly Gen<Dictionary<RowId, FleetRow>> Any =
        Gen.Select(Row.Array[3], Row.Array[3], Row.Array[3], Ride.Array[6]).Select((vehicles, devices, geofences, rides) =>
        {
            var fleet = new Dictionary<RowId, FleetRow>();
            void Add(string table, FleetRow?[] rows)
            {
                foreach (var (name, row) in Names.Zip(rows))
                {
                    if (row is not null)
                    {
                        fleet[new RowId(table, name)] = row;
                    }
                }
            }

            Add(MergeModel.Vehicles, vehicles);
            Add(MergeModel.Devices, devices);
            Add(MergeModel.Geofences, geofences);
            foreach (var (place, ride) in rides.Index())
            {
                var device = new RowId(MergeModel.Devices, Names[place % 3]);
                if (ride is not null && fleet.ContainsKey(device))
                {
                    fleet[new RowId(MergeModel.Rides, $"{device.Key}@{place / 3}")] = ride == "-"
                        ? new FleetRow(ride, 0, device)
                        : new FleetRow(ride, 0, device, new RowId(MergeModel.Vehicles, ride));
                }
            }

            return fleet;
        });
}
