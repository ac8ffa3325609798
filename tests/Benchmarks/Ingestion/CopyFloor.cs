using System.Diagnostics;
using Npgsql;
using WebHost.Data;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>The floor: the same rows with binary COPY, made before, over one connection into the very same table.</summary>
internal static class CopyFloor
{
    private const string Columns =
        "customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras";

    /// <returns>Rows a second.</returns>
    public static async Task<double> MeasureAsync(NpgsqlDataSource database, int rows, int devices, DateTimeOffset start, bool extras)
    {
        await using var connection = await database.OpenConnectionAsync();
        await connection.Sql(
            "SELECT fleet.ensure_partition(($1::timestamptz + n * interval '1 day')::date) FROM generate_series(0, $2) n",
            start, rows / devices / 86_400).RunAsync();
        await connection.Sql(
            $$"""
            CREATE TEMP TABLE made AS
            SELECT $1::uuid AS customer_id, md5('d' || n % $3)::uuid AS device_id, $4::timestamptz + n / $3 * interval '1 second' AS fix_time,
                   ST_SetSRID(ST_MakePoint(14.5 + n % 1000 * 0.00001, 46.05 + n % 1000 * 0.00001), 4326) AS position,
                   (295 + n % 40)::real AS altitude, (n % 30)::real AS speed, (n % 360)::real AS course, 5::real AS accuracy,
                   87::real AS battery, now() AS received_at,
                   {{(extras
                       ? """'{"vertical_accuracy":3,"motion":["driving"],"pauses":false,"activity":"other_navigation","battery_state":"unplugged","wifi":""}'::jsonb"""
                       : "NULL::jsonb")}} AS extras
            FROM generate_series(0, $2 - 1) n ORDER BY n / 1000 % $3, n
            """,
            Guid.NewGuid(), rows, devices, start).RunAsync();
        using var made = new MemoryStream();
        await using (var read = await connection.BeginRawBinaryCopyAsync($"COPY (SELECT {Columns} FROM made) TO STDOUT (FORMAT binary)"))
        {
            await read.CopyToAsync(made);
        }

        await connection.Sql("DROP TABLE made").RunAsync();
        var clock = Stopwatch.StartNew();
        await using (var write = await connection.BeginRawBinaryCopyAsync($"COPY fleet.points ({Columns}) FROM STDIN (FORMAT binary)"))
        {
            await write.WriteAsync(made.GetBuffer().AsMemory(0, (int)made.Length));
        }

        return rows / clock.Elapsed.TotalSeconds;
    }
}
