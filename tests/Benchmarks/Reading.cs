using System.Diagnostics;
using System.IO.Pipelines;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using NetTopologySuite.Geometries;
using Npgsql;
using WebHost.Data;
using WebHost.Fleet;
using WebHost.Gps.GeoJson;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Security;
using WebHost.Tenants;
using WebHost.Testing;

namespace WebHost.Benchmarks;

/// <summary>
/// Reading back from 10 million points of 500 vehicles in 10 days, the last of which is today, as GeoJSON: beside the same
/// rows fetched by a plain connection of the database's owner, to whom no row-level security applies, and thrown away.
/// </summary>
internal static class Reading
{
    private const int Vehicles = 500;
    private const int Days = 10;
    private const int PointsPerVehicleAndDay = 2_000;
    private const int TrackPoints = 20_000;
    private const int WarmUps = 5;
    private const int Runs = 31;

    // Of the first day, the vehicle that has a point every 4.32 s.
    private const string TrackDevice = "md5('d1')::uuid";

    public static async Task RunAsync()
    {
        await using var control = await TestDatabase.CreateAsync("control");
        await using var test = await TestDatabase.CreateAsync("reading");
        var roles = new List<string>();
        try
        {
            var migrator = new SchemaMigrator(NullLogger<SchemaMigrator>.Instance);
            await migrator.MigrateControlAsync(control.ConnectionString);
            await using var store = new ControlDatabase(NpgsqlDataSource.Create(control.ConnectionString));
            var secrets = new SecretStore(store, SecretProtector.FromSetting("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
            var databases = new TenantDatabaseStore(store, secrets);
            var server = new NpgsqlConnectionStringBuilder(test.ConnectionString);
            var database = await databases.AddAsync(server.Host!, server.Port, test.Name, server.Username!, "Prefer", certificateSha256: null, default);
            await secrets.SetAsync(database.SecretName(database.AdminUser), server.Password ?? "", default);
            var setup = new TenantDatabaseSetup(databases, migrator);
            roles.AddRange([database.Roles.Tenants, database.Roles.Ingest]);
            await setup.PrepareAsync(database, HostingMode.SingleTenant, default);
            var tenant = await AddTenantAsync(store, setup, database);
            roles.Add(tenant.Names.TenantRole);
            await using var owner = new NpgsqlConnection(test.ConnectionString + ";Command Timeout=0;Include Error Detail=true");
            await owner.OpenAsync();
            await FillAsync(owner, tenant.TenantId);
            await new PositionIndexKeeper(databases, new Noon(), NullLogger<PositionIndexKeeper>.Instance)
                .RunAsync(database, default);
            await owner.Sql("VACUUM ANALYZE fleet.points").RunAsync();
            await owner.Sql("ANALYZE").RunAsync();

            await using var connections = new TenantConnections(databases);
            var reader = new TrackReader(new TenantSessions(
                new PlacementCache(new PlacementStore(store), new MemoryCache(new MemoryCacheOptions())), connections));
            await MeasureAsync(reader, owner, tenant.TenantId);
        }
        finally
        {
            await test.DisposeAsync();
            foreach (var role in Enumerable.Reverse(roles))
            {
                await TestDatabase.ExecuteOnServerAsync($"DROP ROLE IF EXISTS \"{role}\"");
            }
        }
    }

    private static async Task MeasureAsync(TrackReader reader, NpgsqlConnection owner, Guid tenantId)
    {
        var day = new DateTimeOffset(DateTime.UtcNow.Date.AddDays(1 - Days), TimeSpan.Zero);
        var device = await owner.Sql($"SELECT {TrackDevice}").FirstAsync(row => row.GetGuid(0));
        var oneDay = new PointSpan(day, day.AddDays(1), Area: null);
        var (before, today) = (
            new PointSpan(day, day.AddDays(Days - 1), Area: null), new PointSpan(day.AddDays(Days - 1), day.AddDays(Days), Area: null));
        var (square, country) = (new Envelope(14.60, 14.61, 46.10, 46.11), new Envelope(13, 17, 45, 48));
        const string columns = "fix_time, position, altitude, speed, course, accuracy, battery, extras::text";
        var mine = $"customer_id = '{tenantId}'";
        var first = $"fix_time >= '{day:yyyy-MM-dd}Z' AND fix_time < '{day.AddDays(1):yyyy-MM-dd}Z'";

        await CompareAsync(
            "positions of 500 vehicles",
            owner,
            $"SELECT device_id, {columns} FROM fleet.positions WHERE {mine} ORDER BY device_id",
            output => reader.ReadPositionsAsync(
                tenantId, area: null, points => GeoJsonWriter.WritePositionsAsync(output, points, default), default));
        await CompareAsync(
            "a vehicle's day, 20,000 points",
            owner,
            $"SELECT {columns} FROM fleet.points WHERE {mine} AND device_id = {TrackDevice} AND {first} ORDER BY fix_time",
            output => reader.ReadTrackAsync(
                tenantId, device, oneDay, after: null, 100_000,
                points => GeoJsonWriter.WriteTrackPointsAsync(output, points, _ => null, default), default));
        await CompareAsync(
            "the same, simplified to 20 m",
            owner,
            $"SELECT {columns} FROM fleet.points WHERE {mine} AND device_id = {TrackDevice} AND {first} ORDER BY fix_time",
            output => reader.ReadTrackAsync(
                tenantId, device, oneDay, after: null, 100_000,
                points => GeoJsonWriter.WriteTrackPointsAsync(output, TrackSimplifier.SimplifyAsync(points, 20), _ => null, default), default));
        foreach (var (what, span, box, limit) in new[]
        {
            ("all points within 0.9 km², nine finished days", before, square, 10_000),
            ("all points within 0.9 km², today", today, square, 10_000),
            ("a page of 1,000 of a country's points, nine finished days", before, country, 1_000),
            ("a page of 1,000 of a country's points, today", today, country, 1_000),
        })
        {
            var area = new GeometryFactory(new PrecisionModel(), 4326).ToGeometry(box);
            await CompareAsync(
                what,
                owner,
                $"""
                SELECT device_id, {columns} FROM fleet.points
                WHERE {mine} AND ST_Intersects(position, 'SRID=4326;{area}'::geometry)
                  AND fix_time >= '{span.From:yyyy-MM-dd}Z' AND fix_time < '{span.To:yyyy-MM-dd}Z'
                ORDER BY fix_time, device_id LIMIT {limit}
                """,
                output => reader.ReadPointsAsync(
                    tenantId, span with { Area = area }, after: null, limit,
                    points => GeoJsonWriter.WritePointsAsync(output, points, _ => null, default), default));
        }
    }

    private static async Task CompareAsync(string what, NpgsqlConnection owner, string floor, Func<PipeWriter, Task> read)
    {
        var (plain, ours) = (new List<double>(), new List<double>());
        var (rows, bytes) = (0, 0L);
        for (var run = 0; run < WarmUps + Runs; run++)
        {
            var begin = Stopwatch.GetTimestamp();
            rows = (await owner.Sql(floor).ListAsync(row => row.GetFieldValue<object>(0))).Count;
            var between = Stopwatch.GetTimestamp();
            bytes = await CountAsync(read);
            if (run >= WarmUps)
            {
                plain.Add(Stopwatch.GetElapsedTime(begin, between).TotalMilliseconds);
                ours.Add(Stopwatch.GetElapsedTime(between).TotalMilliseconds);
            }
        }

        Console.WriteLine(
            $"{what}: median {Statistics.Median(ours):0.0} ms, p95 {Statistics.Percentile(ours, 0.95):0.0} ms, {bytes / 1e3:N0} kB; "
            + $"plain query {Statistics.Median(plain):0.0} ms, {rows:N0} rows; {Statistics.Median(ours) / Statistics.Median(plain):0.00} times that.");
    }

    // The answer's way to a client that takes it at once.
    private static async Task<long> CountAsync(Func<PipeWriter, Task> write)
    {
        var pipe = new Pipe();
        var writing = Task.Run(async () =>
        {
            await write(pipe.Writer);
            await pipe.Writer.CompleteAsync();
        });
        var bytes = 0L;
        ReadResult read;
        do
        {
            read = await pipe.Reader.ReadAsync();
            bytes += read.Buffer.Length;
            pipe.Reader.AdvanceTo(read.Buffer.End);
        }
        while (!read.IsCompleted);
        await writing;
        return bytes;
    }

    private static async Task<TenantPlacement> AddTenantAsync(
        ControlDatabase store, TenantDatabaseSetup setup, TenantDatabaseAddress database)
    {
        var tenant = new Tenant
        {
            Id = Guid.CreateVersion7(),
            Company = "Benchmark",
            Email = "fleet@benchmark.test",
            Plan = PlanId.Business,
            State = TenantState.Provisioning,
            Signup = "{}",
            Recommendation = "{}",
        };
        var placement = new TenantPlacement
        {
            TenantId = tenant.Id,
            Epoch = 1,
            Home = 1,
            Plan = tenant.Plan,
            Mode = HostingMode.SingleTenant,
            Provider = HostingProvider.Fly,
            Region = "fra",
            Hostname = "benchmark.test",
            State = PlacementState.Preparing,
        };
        await store.TransactAsync(async transaction =>
        {
            await TenantStore.AddAsync(transaction, tenant, default);
            await PlacementStore.AddAsync(transaction, placement, operationId: null, default);
            return true;
        });
        await setup.AddTenantAsync(database, placement, default);
        var placements = new PlacementStore(store);
        await placements.UseDatabaseAsync(tenant.Id, placement.Epoch, database.Id, default);
        await placements.EnterAsync(tenant.Id, placement.Epoch, PlacementState.Serving, default);
        return placement;
    }

    private static async Task FillAsync(NpgsqlConnection owner, Guid tenantId)
    {
        await owner.Sql("SELECT fleet.ensure_partition(current_date - n) FROM generate_series(0, $1) n", Days).RunAsync();
        await owner.Sql(
            """
            INSERT INTO fleet.devices (customer_id, device_id, name) SELECT $1, md5('d' || n)::uuid, 'Van ' || n FROM generate_series(1, $2) n
            """,
            tenantId, Vehicles).RunAsync();
        await owner.Sql(
            """
            INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id)
            SELECT $1, md5('d' || n)::uuid, current_date - s, 'v' || n FROM generate_series(1, $2) n, generate_series(0, 2) s
            """,
            tenantId, Vehicles).RunAsync();

        // Each vehicle drives rounds of its own through a city; they report in turn, as they would.
        for (var day = 0; day < Days; day++)
        {
            await owner.Sql(
                """
                INSERT INTO fleet.points (customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras)
                SELECT $1, md5('d' || d)::uuid, (current_date - $4 + 1 + $5 + s * interval '1 day' / $3) AT TIME ZONE 'UTC',
                       ST_SetSRID(ST_MakePoint(14.5 + d % 37 * 0.02 + 0.05 * cos(s / 300.0 + d), 46 + d % 41 * 0.02 + 0.05 * sin(s / 300.0 + d)), 4326),
                       300 + d % 50, 13.5, s % 360, 5, 80, now(), CASE WHEN s % 4 = 0 THEN '{"satellites": 9}'::jsonb END
                FROM generate_series(0, $3 - 1) s, generate_series(1, $2) d WHERE d > 1 OR $5 > 0
                """,
                tenantId, Vehicles, PointsPerVehicleAndDay, Days, day).RunAsync();
        }

        await owner.Sql(
            $$"""
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras)
            SELECT $1, {{TrackDevice}}, (current_date - $3 + 1 + s * interval '1 day' / $2) AT TIME ZONE 'UTC',
                   ST_SetSRID(ST_MakePoint(14.5 + 0.05 * cos(s / 3000.0), 46 + 0.05 * sin(s / 3000.0)), 4326),
                   300, 13.5, s % 360, 5, 80, now(), CASE WHEN s % 4 = 0 THEN '{"satellites": 9}'::jsonb END
            FROM generate_series(0, $2 - 1) s
            """,
            tenantId, TrackPoints, Days).RunAsync();
        await owner.Sql(
            """
            INSERT INTO fleet.positions (customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras)
            SELECT DISTINCT ON (customer_id, device_id) customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras
            FROM fleet.points WHERE fix_time >= current_date ORDER BY customer_id, device_id, fix_time DESC
            """).RunAsync();
    }

    /// <summary>A moment at which every day before today is over.</summary>
    private sealed class Noon : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(DateTime.UtcNow.Date.AddHours(12), TimeSpan.Zero);
    }
}
