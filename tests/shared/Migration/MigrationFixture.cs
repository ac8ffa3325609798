using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Migration;

/// <summary>Two tenant databases, and a blob container for exports, of a test class's own.</summary>
public sealed class MigrationFixture : IAsyncLifetime
{
    /// <summary>Days over which <see cref="FillAsync"/> spreads points.</summary>
    public const int Days = 5;

    private const string BlobsVariable = "WEBHOST_TEST_BLOBS";

    /// <summary>The first day with points.</summary>
    public static readonly DateOnly FirstDay = new(2026, 3, 27);

    public ControlFixture Control { get; } = new();

    public TenantDatabaseAddress Source => Control.Database;

    public TenantDatabaseAddress Target { get; private set; } = null!;

    public BlobContainerClient Blobs { get; private set; } = null!;

    public MovingConnections Connections => new(Control.Databases);

    public TenantExport Export => new(Blobs, Connections, TimeProvider.System, NullLogger<TenantExport>.Instance);

    public TenantImport Import => new(Blobs, Connections, TimeProvider.System, NullLogger<TenantImport>.Instance);

    public CatchUp CatchUp => new(Connections, TimeProvider.System);

    public Fence Fence => new(Connections);

    public async ValueTask InitializeAsync()
    {
        await Control.InitializeAsync();
        Target = await Control.AddDatabaseAsync();
        Blobs = new BlobContainerClient(
            Environment.GetEnvironmentVariable(BlobsVariable)
                ?? throw new InvalidOperationException($"{BlobsVariable} is not set. Run ./test.sh, which starts a blob store and sets it."),
            $"exports-{Guid.NewGuid():n}");
        await Blobs.CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Blobs.DeleteIfExistsAsync();
        await Control.DisposeAsync();
    }

    /// <summary>A tenant with rows in every table of the source, expected at the target.</summary>
    public async Task<TenantPlacement> AddMovingTenantAsync(int points = 500)
    {
        var tenant = await Control.AddServedTenantAsync();
        await FillAsync(Source, tenant.TenantId, points);
        await Control.Setup.ExpectTenantAsync(Target, tenant with { Epoch = tenant.Epoch + 1, Home = tenant.Epoch + 1, DatabaseId = Target.Id }, default);
        return tenant;
    }

    /// <summary>Rows in every table; points and quarantine spread over the days.</summary>
    public async Task FillAsync(TenantDatabaseAddress database, Guid tenantId, int points)
    {
        await RunAsync(
            database,
            """
            INSERT INTO fleet.vehicles (customer_id, vehicle_id, name, plate)
                SELECT $1, 'v' || n, 'Van ' || n, CASE WHEN n % 2 = 0 THEN 'B-' || n END FROM generate_series(1, 5) n
            """,
            tenantId);
        await RunAsync(
            database,
            "INSERT INTO fleet.devices (customer_id, device_id, name) SELECT $1, md5('d' || n)::uuid, 'Ünïcode ' || n FROM generate_series(0, 4) n",
            tenantId);
        await RunAsync(
            database,
            """
            INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id)
                SELECT $1, md5('d' || n)::uuid, now() - n * interval '1 h', 'v' || nullif(n, 3) FROM generate_series(0, 4) n
            """,
            tenantId);
        await RunAsync(
            database,
            """
            INSERT INTO fleet.geofences (customer_id, geofence_id, name, area) VALUES
                ($1, 'a', 'Yard', 'SRID=4326;POLYGON((13.4000000000001 52.5,13.5 52.5,13.5 52.6,13.4000000000001 52.5))'),
                ($1, 'b', 'Islands', 'SRID=4326;MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,9 5,9 9,5 5),(7 6,8 6,8 7,7 6)))')
            """,
            tenantId);
        await RunAsync(
            database,
            "INSERT INTO fleet.heartbeats (customer_id, device_id, heard_at, battery) SELECT $1, md5('d' || n)::uuid, now(), n / 3.0 FROM generate_series(0, 4) n",
            tenantId);
        await RunAsync(
            database,
            """
            INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw)
                SELECT $1, md5('d' || n)::uuid, $2::date + n * interval '1 day', sha256(n::text::bytea), 'future', 'osmand', E'raw\t"' || n
                FROM generate_series(0, 2) n
            """,
            tenantId, FirstDay);
        await AddPointsAsync(database, tenantId, 0, points);
        await RunAsync(
            database,
            """
            INSERT INTO fleet.positions
                SELECT DISTINCT ON (device_id) customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras
                FROM fleet.points WHERE customer_id = $1 ORDER BY device_id, fix_time DESC
            """,
            tenantId);
    }

    /// <summary>Points number <paramref name="first"/> and on, five devices in turn, spread over the days.</summary>
    public async Task AddPointsAsync(TenantDatabaseAddress database, Guid tenantId, int first, int count)
    {
        await RunAsync(database, "SELECT fleet.ensure_partition($1::date + n) FROM generate_series(0, $2) n", FirstDay, Days - 1);
        await RunAsync(
            database,
            """
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras)
                SELECT $1, md5('d' || n % 5)::uuid, $2::date + (n % $5) * interval '1 day' + n * interval '13 ms',
                       ST_SetSRID(ST_MakePoint(13 + sin(n) / 3, 52 + cos(n) / 7), 4326), CASE WHEN n % 3 > 0 THEN n / 7.0 END,
                       n / 11.0, n % 360, NULL, CASE WHEN n % 4 = 0 THEN 99.5 END, now(),
                       CASE WHEN n % 2 = 0 THEN jsonb_build_object('odometer', n / 3.0, 'note', 'zwölf "' || n || '"') END
                FROM generate_series($3, $3 + $4 - 1) n
            """,
            tenantId, FirstDay, first, count, Days);
    }

    /// <summary>Runs a statement as a database's administrator.</summary>
    public async Task RunAsync(TenantDatabaseAddress database, string sql, params object?[] values)
    {
        await using var connection = await Connections.OpenAsync(database, default);
        await connection.Sql(sql, values).RunAsync();
    }

    /// <summary>Every row that a tenant has in a database, as text, table by table; found without the code under test.</summary>
    public async Task<Dictionary<string, string>> ContentAsync(TenantDatabaseAddress database, Guid tenantId)
    {
        await using var connection = await Connections.OpenAsync(database, default);
        var content = new Dictionary<string, string>();
        foreach (var (table, columns) in await TablesAsync(connection))
        {
            content[table] = (await connection.Sql(
                $"""
                SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '')
                FROM (SELECT ROW({string.Join(", ", columns)})::text AS line FROM fleet.{table} WHERE customer_id = $1) AS rows
                """,
                tenantId).FirstAsync(row => row.GetString(0)))!;
        }

        return content;
    }

    /// <summary>The tables with tenants' rows in a database, with their columns but for the customer and the mark.</summary>
    public static async Task<Dictionary<string, string[]>> TablesAsync(NpgsqlConnection connection) =>
        (await connection.Sql(
            """
            SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
                       FILTER (WHERE a.attname NOT IN ('customer_id', 'written_by'))
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'fleet'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND c.relname NOT IN ('customers', 'arrived_chunks', 'reconciliations', 'partitioning')
            GROUP BY 1
            """).ListAsync(row => (Table: row.GetString(0), Columns: row.GetFieldValue<string[]>(1))))
        .ToDictionary(found => found.Table, found => found.Columns);
}
