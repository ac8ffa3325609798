using System.Text.Json;
using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Migration;

namespace WebHost.Emergency;

/// <summary>
/// Merges the tables that people change: what the source has (theirs) into what the target has (ours), by what both had when
/// they parted (the basis). All three are in one transaction at the target, in which nobody else writes the tenant once
/// <see cref="ApplyAsync"/> is called. README.md has the rules as a table.
/// </summary>
internal sealed class ThreeWayMerge(NpgsqlTransaction target, Guid tenantId)
{
    private const string Add = "add";
    private const string Change = "change";
    private const string Delete = "delete";

    private const string Version = "version";
    private const string UpdatedAt = "updated_at";

    // A report is kept with the operation and sent around: of an outline with a thousand corners one copy is enough.
    private const int MostNamed = 200;
    private const int MostNamedCharacters = 256 << 10;

    // Which rows name which others. A device is referred to by a key; a vehicle is not, so that rides in it outlive it.
    private static readonly Reference[] References =
    [
        new(Child: "device_vehicles", Column: "device_id", Parent: "devices", Owned: true),
        new(Child: "device_vehicles", Column: "vehicle_id", Parent: "vehicles", Owned: false),
    ];

    /// <summary>The tables that are merged, parents before children.</summary>
    public static IReadOnlyList<MovedTable> Tables { get; } =
        [.. MovedTable.All.Where(table => table is { Time: null, Newer: null })];

    /// <summary>Makes the temporary table, empty, that takes the source's rows.</summary>
    public Task<string> MakeTheirsAsync(MovedTable table, CancellationToken cancellationToken) =>
        MakeAsync(Theirs(table), table, cancellationToken);

    /// <summary>
    /// Makes the temporary table, empty, that takes the rows that both had. It may stay so: nothing is known then.
    /// </summary>
    public Task<string> MakeBasisAsync(MovedTable table, CancellationToken cancellationToken) =>
        MakeAsync(Basis(table), table, cancellationToken);

    /// <summary>Merges.</summary>
    public async Task<ReconciledPart> ApplyAsync(CancellationToken cancellationToken)
    {
        foreach (var table in Tables)
        {
            await JudgeAsync(table, cancellationToken);
        }

        foreach (var reference in References)
        {
            await KeepWhatIsUsedAsync(reference, cancellationToken);
        }

        foreach (var table in Tables.Reverse())
        {
            await DeleteAsync(table, cancellationToken);
        }

        foreach (var table in Tables)
        {
            foreach (var reference in References.Where(reference => reference.Child == table.Name))
            {
                await LeaveWhatRefersToNothingAsync(reference, cancellationToken);
            }

            await AddAsync(table, cancellationToken);
            await ChangeAsync(table, cancellationToken);
            await OutgrowAsync(table, cancellationToken);
        }

        var tables = new List<ReconciledTable>();
        foreach (var table in Tables)
        {
            tables.Add(await CountAsync(table, cancellationToken));
        }

        return new ReconciledPart(tables, await ListConflictsAsync(cancellationToken));
    }

    private static string Theirs(MovedTable table) => $"theirs_{table.Name}";

    private static string Basis(MovedTable table) => $"basis_{table.Name}";

    private static string Verdicts(MovedTable table) => $"merging_{table.Name}";

    private static MovedTable TableOf(string name) => Tables.Single(table => table.Name == name);

    private static string Conflict(MergeConflictReason reason) => $"'{WireName.Of(reason)}'";

    private string Ours(MovedTable table) => $"(SELECT * FROM {table.Table} WHERE {table.Where(tenantId)})";

    // A column that the rows come without, since they are older, has its default.
    private async Task<string> MakeAsync(string name, MovedTable table, CancellationToken cancellationToken)
    {
        await target.Sql(
            $"""
            CREATE TEMP TABLE {name} (LIKE {table.Table} INCLUDING DEFAULTS) ON COMMIT DROP;
            ALTER TABLE {name} DROP COLUMN customer_id, ADD PRIMARY KEY ({string.Join(", ", table.Key)})
            """).RunAsync(cancellationToken);
        return name;
    }

    // A verdict on each row that was changed at the source and is not the same at the target.
    private Task JudgeAsync(MovedTable table, CancellationToken cancellationToken)
    {
        var key = string.Join(", ", table.Key);
        string Side(string rows, string name) => $"(SELECT {key}, {table.SaidBy("r")} AS {name} FROM {rows} r) {name}_rows";
        return target.Sql(
            $"""
            CREATE TEMP TABLE {Verdicts(table)} ON COMMIT DROP AS
            SELECT {key}, CASE
                WHEN ours IS NOT DISTINCT FROM basis THEN
                    CASE WHEN theirs IS NULL THEN '{Delete}' WHEN ours IS NULL THEN '{Add}' ELSE '{Change}' END
                WHEN theirs IS NULL THEN {Conflict(MergeConflictReason.DeletedAtSource)}
                WHEN ours IS NULL THEN {Conflict(MergeConflictReason.DeletedAtTarget)}
                ELSE {Conflict(MergeConflictReason.BothChanged)} END AS verdict
            FROM {Side(Theirs(table), "theirs")}
            FULL JOIN {Side(Basis(table), "basis")} USING ({key})
            FULL JOIN {Side(Ours(table), "ours")} USING ({key})
            WHERE theirs IS DISTINCT FROM basis AND theirs IS DISTINCT FROM ours
            """).RunAsync(cancellationToken);
    }

    // What was deleted at the source stays where the target has referred to it since, and with it what goes when it goes.
    private async Task KeepWhatIsUsedAsync(Reference reference, CancellationToken cancellationToken)
    {
        var (parent, child) = (TableOf(reference.Parent), TableOf(reference.Child));
        await target.Sql(
            $"""
            UPDATE {Verdicts(parent)} m SET verdict = {Conflict(MergeConflictReason.StillUsed)}
            WHERE verdict = '{Delete}' AND EXISTS (
                SELECT FROM {Ours(child)} o LEFT JOIN {Basis(child)} b ON {child.SameKey("o", "b")}
                WHERE o.{reference.Column} = m.{reference.Column}
                  AND (b.{child.Key[0]} IS NULL OR {child.SaidBy("b")} <> {child.SaidBy("o")}))
            """).RunAsync(cancellationToken);
        if (reference.Owned)
        {
            await target.Sql(
                $"""
                DELETE FROM {Verdicts(child)} c USING {Verdicts(parent)} p
                WHERE c.verdict = '{Delete}' AND p.{reference.Column} = c.{reference.Column}
                  AND p.verdict IN (
                      {Conflict(MergeConflictReason.StillUsed)}, {Conflict(MergeConflictReason.DeletedAtSource)})
                """).RunAsync(cancellationToken);
        }
    }

    // What the source refers to and still has was deleted at the target.
    private Task LeaveWhatRefersToNothingAsync(Reference reference, CancellationToken cancellationToken)
    {
        var (parent, child) = (TableOf(reference.Parent), TableOf(reference.Child));
        return target.Sql(
            $"""
            UPDATE {Verdicts(child)} m SET verdict = {Conflict(MergeConflictReason.RefersToDeleted)}
            FROM {Theirs(child)} t JOIN {Theirs(parent)} p ON p.{reference.Column} = t.{reference.Column}
            WHERE {child.SameKey("m", "t")} AND m.verdict IN ('{Add}', '{Change}')
              AND NOT EXISTS (SELECT FROM {Ours(parent)} o WHERE o.{reference.Column} = t.{reference.Column})
            """).RunAsync(cancellationToken);
    }

    private Task DeleteAsync(MovedTable table, CancellationToken cancellationToken) =>
        target.Sql(
            $"""
            DELETE FROM {table.Table} o USING {Verdicts(table)} m
            WHERE o.{table.Where(tenantId)} AND {table.SameKey("m", "o")} AND m.verdict = '{Delete}'
            """).RunAsync(cancellationToken);

    private Task AddAsync(MovedTable table, CancellationToken cancellationToken) =>
        target.Sql(
            $"""
            INSERT INTO {table.Table} (customer_id, {table.Columns})
            SELECT '{tenantId}', {table.Columns} FROM {Theirs(table)} t
            WHERE EXISTS (SELECT FROM {Verdicts(table)} m WHERE {table.SameKey("m", "t")} AND m.verdict = '{Add}')
            """).RunAsync(cancellationToken);

    private Task ChangeAsync(MovedTable table, CancellationToken cancellationToken)
    {
        var assignments = table.Content.Select(column => column == Version
            ? $"{Version} = greatest(t.{Version}, o.{Version} + 1)"
            : $"{column} = t.{column}");
        return target.Sql(
            $"""
            UPDATE {table.Table} o SET {string.Join(", ", assignments)}
            FROM {Theirs(table)} t JOIN {Verdicts(table)} m ON {table.SameKey("m", "t")} AND m.verdict = '{Change}'
            WHERE o.{table.Where(tenantId)} AND {table.SameKey("o", "t")}
            """).RunAsync(cancellationToken);
    }

    // A version that somebody has seen at the source must not be that of a row that says something else here.
    private async Task OutgrowAsync(MovedTable table, CancellationToken cancellationToken)
    {
        if (table.Content.Contains(Version))
        {
            await target.Sql(
                $"""
                UPDATE {table.Table} o SET {Version} = t.{Version} + 1 FROM {Theirs(table)} t
                WHERE o.{table.Where(tenantId)} AND {table.SameKey("o", "t")} AND o.{Version} <= t.{Version}
                  AND {table.SaidBy("o")} <> {table.SaidBy("t")}
                """).RunAsync(cancellationToken);
        }
    }

    private async Task<ReconciledTable> CountAsync(MovedTable table, CancellationToken cancellationToken)
    {
        var counts = (await target.Sql($"SELECT verdict, count(*) FROM {Verdicts(table)} GROUP BY 1")
            .ListAsync(row => (Verdict: row.GetString(0), Rows: row.GetInt64(1)), cancellationToken))
            .ToDictionary(found => found.Verdict, found => found.Rows);
        var (added, changed, deleted) =
            (counts.GetValueOrDefault(Add), counts.GetValueOrDefault(Change), counts.GetValueOrDefault(Delete));
        return new ReconciledTable(table.Name)
        {
            Added = added,
            Changed = changed,
            Deleted = deleted,
            Conflicts = counts.Values.Sum() - added - changed - deleted,
        };
    }

    private async Task<IReadOnlyList<MergeConflict>> ListConflictsAsync(CancellationToken cancellationToken)
    {
        var named = new List<MergeConflict>();
        var room = MostNamedCharacters;
        foreach (var table in Tables)
        {
            foreach (var (conflict, size) in await ReadConflictsAsync(table, MostNamed - named.Count, cancellationToken))
            {
                if (size > room)
                {
                    return named;
                }

                named.Add(conflict);
                room -= size;
            }
        }

        return named;
    }

    private Task<List<(MergeConflict Conflict, int Size)>> ReadConflictsAsync(
        MovedTable table, int most, CancellationToken cancellationToken)
    {
        string Whole(string alias) =>
            $"""
            CASE WHEN {alias}.{table.Key[0]} IS NOT NULL
                THEN {MovedTable.JsonOf(alias, table.Key.Concat(table.Content))}::text END
            """;
        string Updated(string alias) => table.Content.Contains(UpdatedAt) ? $"{alias}.{UpdatedAt}" : "NULL::timestamptz";
        return target.Sql(
            $"""
            SELECT m.verdict, {MovedTable.JsonOf("m", table.Key)}::text,
                   {Whole("t")}, {Whole("o")}, {Updated("t")}, {Updated("o")}
            FROM {Verdicts(table)} m
            LEFT JOIN {Theirs(table)} t ON {table.SameKey("t", "m")}
            LEFT JOIN {Ours(table)} o ON {table.SameKey("o", "m")}
            WHERE m.verdict NOT IN ('{Add}', '{Change}', '{Delete}') ORDER BY {table.KeyOf("m")} LIMIT $1
            """,
            most).ListAsync(
            row =>
            {
                var (key, theirs, ours) = (row.GetString(1), row.Maybe<string>(2), row.Maybe<string>(3));
                return (
                    new MergeConflict(
                        table.Name,
                        JsonText.Read<JsonElement>(key),
                        WireName.Parse<MergeConflictReason>(row.GetString(0)),
                        Content(theirs),
                        Content(ours),
                        row.MaybeValue<DateTimeOffset>(4),
                        row.MaybeValue<DateTimeOffset>(5)),
                    key.Length + (theirs?.Length ?? 0) + (ours?.Length ?? 0));
            },
            cancellationToken);
    }

    private static JsonElement? Content(string? row) => row is null ? null : JsonText.Read<JsonElement>(row);

    /// <summary>That rows of one table name rows of another.</summary>
    /// <param name="Child">The table whose rows do.</param>
    /// <param name="Column">The column in both.</param>
    /// <param name="Parent">The table of the rows that are named.</param>
    /// <param name="Owned">Whether they go when what they name goes.</param>
    private sealed record Reference(string Child, string Column, string Parent, bool Owned);
}
