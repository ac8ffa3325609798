using System.Globalization;
using System.Text.Json;

namespace WebHost.Migration;

/// <summary>
/// A table whose rows move with a tenant. The customer's id is no part of what is copied: whoever writes the rows sets it, so
/// that no file can hold another tenant's rows.
/// </summary>
public sealed record MovedTable
{
    /// <summary>Every table that moves, parents before children.</summary>
    public static IReadOnlyList<MovedTable> All { get; } =
    [
        new() { Name = "vehicles", Key = ["vehicle_id"], Content = ["name", "plate", "version", "created_at", "updated_at"] },
        new() { Name = "devices", Key = ["device_id"], Content = ["name", "created_at", "gateway_id", "ident"] },
        new() { Name = "device_vehicles", Key = ["device_id", "since"], Content = ["vehicle_id"] },
        new() { Name = "geofences", Key = ["geofence_id"], Content = ["name", "area", "version", "created_at", "updated_at"] },
        new()
        {
            Name = "positions",
            Key = ["device_id"],
            Content = ["fix_time", "position", "altitude", "speed", "course", "accuracy", "battery", "received_at", "extras"],
            Newer = "fix_time",
        },
        new() { Name = "heartbeats", Key = ["device_id"], Content = ["heard_at", "battery"], Newer = "heard_at" },
        new()
        {
            Name = "quarantine",
            Key = ["device_id", "received_at", "digest"],
            Content = ["reason", "protocol", "raw", "ident"],
            Time = "received_at",
        },
        new()
        {
            Name = "points",
            Key = ["device_id", "fix_time"],
            Content = ["position", "altitude", "speed", "course", "accuracy", "battery", "received_at", "extras"],
            Time = "fix_time",
            Partitioned = true,
        },
    ];

    /// <summary>Its name in the schema fleet.</summary>
    public required string Name { get; init; }

    /// <summary>The columns of the primary key behind the customer's id.</summary>
    public required IReadOnlyList<string> Key { get; init; }

    /// <summary>The other columns.</summary>
    public required IReadOnlyList<string> Content { get; init; }

    /// <summary>
    /// The column whose UTC day divides the rows, in a table that only grows: its rows are never changed and say which
    /// transaction wrote them. Null for a table of rows that change, which is small and moved whole.
    /// </summary>
    public string? Time { get; init; }

    /// <summary>
    /// The column of which the larger value is the newer one's, where two rows of one key may be known. Where it is null, the row
    /// that is in the tenant's table is the newer one.
    /// </summary>
    public string? Newer { get; init; }

    /// <summary>Whether a day's rows need the day's partition.</summary>
    public bool Partitioned { get; init; }

    /// <summary>The columns copied, in order.</summary>
    public string Columns => string.Join(", ", [.. Key, .. Content]);

    // Columns that say when and how often a row was written: rows that differ in these alone say the same.
    private static readonly string[] Bookkeeping = ["version", "created_at", "updated_at", "received_at"];

    /// <summary>A table as an export has it, which may be older than a column that the table has today.</summary>
    /// <exception cref="InvalidOperationException">There is no such table, or it has no such columns.</exception>
    internal static MovedTable In(ExportManifest export, string name)
    {
        var today = All.FirstOrDefault(table => table.Name == name);
        var columns = export.Columns.GetValueOrDefault(name)?.Split(", ") ?? [];
        return today is not null && columns.Take(today.Key.Count).SequenceEqual(today.Key)
            && !columns.Except([.. today.Key, .. today.Content]).Any()
            ? today with { Content = [.. columns.Skip(today.Key.Count)] }
            : throw new InvalidOperationException(
                $"Export {export.Name} has table {name} with columns {string.Join(", ", columns)}, which this version does not know.");
    }

    /// <summary>The table with its schema.</summary>
    internal string Table => $"fleet.{Name}";

    /// <summary>An expression of what a row says beside its key, whenever and however often it was written.</summary>
    internal string SaidBy(string alias) =>
        $"ROW({string.Join(", ", Content.Except(Bookkeeping).Select(column => $"{alias}.{column}"))})::text";

    /// <summary>Columns of a row as a JSON object with names in camel case; geometry is GeoJSON.</summary>
    internal static string JsonOf(string alias, IEnumerable<string> columns) =>
        $"jsonb_build_object({string.Join(", ", columns.Select(column => $"'{JsonNameOf(column)}', {alias}.{column}"))})";

    /// <summary>The columns of the key of a row.</summary>
    internal string KeyOf(string alias) => string.Join(", ", Key.Select(column => $"{alias}.{column}"));

    /// <summary>Whether two rows have the same key, as a condition.</summary>
    internal string SameKey(string left, string right) =>
        string.Join(" AND ", Key.Select(column => $"{left}.{column} = {right}.{column}"));

    /// <summary>An expression of the UTC day of a row.</summary>
    internal string Day => $"({Time} AT TIME ZONE 'UTC')::date";

    /// <summary>A tenant's rows, of one day if given, as a condition. COPY takes no parameters: these are literals.</summary>
    internal string Where(Guid tenantId, DateOnly? day = null) => day is { } only
        ? $"customer_id = '{tenantId}' AND {Within(only)}"
        : $"customer_id = '{tenantId}'";

    /// <summary>A tenant's rows within a range of days, where the table is divided by days, as a condition.</summary>
    internal string Where(Guid tenantId, DayRange range)
    {
        var where = Where(tenantId);
        if (Time is not null && range.First is { } first)
        {
            where += $" AND {Time} >= {Midnight(first)}";
        }

        if (Time is not null && range.Before is { } before)
        {
            where += $" AND {Time} < {Midnight(before)}";
        }

        return where;
    }

    /// <summary>A condition on the day that lets the planner leave out the other days' partitions.</summary>
    internal string Within(DateOnly day) => $"({Time} >= {Midnight(day)} AND {Time} < {Midnight(day.AddDays(1))})";

    private static string JsonNameOf(string column) =>
        JsonNamingPolicy.CamelCase.ConvertName(
            string.Concat(column.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..])));

    private static string Midnight(DateOnly day) =>
        string.Create(CultureInfo.InvariantCulture, $"'{day:yyyy-MM-dd} 00:00:00+00'");
}
