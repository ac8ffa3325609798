using System.Diagnostics;
using System.Globalization;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Security;
using WebHost.Testing;

namespace WebHost.Benchmarks;

/// <summary>
/// Points of one tenant, spread over 30 days: export and import of them, beside pg_dump and pg_restore of a database in which
/// there is nothing else. WEBHOST_BENCHMARK_POINTS says how many; 5 million when absent.
/// </summary>
internal static class MigrationSpeed
{
    private const int Days = 30;

    public static async Task RunAsync()
    {
        var points = int.Parse(
            Environment.GetEnvironmentVariable("WEBHOST_BENCHMARK_POINTS") ?? "5000000", CultureInfo.InvariantCulture);
        var blobs = new BlobContainerClient(
            Environment.GetEnvironmentVariable("WEBHOST_TEST_BLOBS")
                ?? throw new InvalidOperationException("WEBHOST_TEST_BLOBS is not set: the connection string of a blob store."),
            $"benchmark-{Guid.NewGuid():n}");
        await using var control = await TestDatabase.CreateAsync("control");
        await using var source = await TestDatabase.CreateAsync("source");
        await using var target = await TestDatabase.CreateAsync("target");
        await using var restored = await TestDatabase.CreateAsync("restored", "template0");
        var roles = new List<string>();
        try
        {
            var migrator = new SchemaMigrator(NullLogger<SchemaMigrator>.Instance);
            await migrator.MigrateControlAsync(control.ConnectionString);
            await using var store = new ControlDatabase(NpgsqlDataSource.Create(control.ConnectionString));
            var secrets = new SecretStore(store, SecretProtector.FromSetting("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
            var databases = new TenantDatabaseStore(store, secrets);
            var setup = new TenantDatabaseSetup(databases, migrator);
            var from = await PrepareAsync(source, databases, secrets, setup);
            var to = await PrepareAsync(target, databases, secrets, setup);
            roles.AddRange([from.Roles.Tenants, from.Roles.Ingest, to.Roles.Tenants, to.Roles.Ingest]);
            var tenant = new TenantPlacement
            {
                TenantId = Guid.CreateVersion7(),
                Epoch = 1,
                Home = 1,
                Plan = PlanId.Hobby,
                Mode = HostingMode.MultiTenant,
                Provider = HostingProvider.Hetzner,
                Region = "fsn1",
                Hostname = "benchmark.test",
                State = PlacementState.Serving,
            };
            var expected = tenant with { Epoch = 2, Home = 2 };
            roles.AddRange([tenant.Names.TenantRole, expected.Names.TenantRole]);
            await setup.AddTenantAsync(from, tenant, default);
            await setup.ExpectTenantAsync(to, expected, default);
            var connections = new MovingConnections(databases);
            await FillAsync(connections, from, tenant.TenantId, points);

            var clock = Stopwatch.StartNew();
            var manifest = await new TenantExport(blobs, connections, TimeProvider.System, NullLogger<TenantExport>.Instance)
                .RunAsync(from, tenant.TenantId, "benchmark", DayRange.All, progress: null, default);
            var exported = clock.Elapsed;
            await new TenantImport(blobs, connections, TimeProvider.System, NullLogger<TenantImport>.Instance)
                .RunAsync(to, manifest, progress: null, default);
            var moved = clock.Elapsed;
            var differences = (await TenantDigest.ReadAsync(connections, from, tenant.TenantId, null, default))
                .CompareTo(await TenantDigest.ReadAsync(connections, to, tenant.TenantId, null, default));
            var compared = clock.Elapsed - moved;
            if (differences.Count > 0)
            {
                throw new InvalidOperationException($"{differences.Count} parts differ, the first: {differences[0]}");
            }

            clock.Restart();
            await DumpAndRestoreAsync(source, restored);
            var dumped = clock.Elapsed;
            Console.WriteLine(
                $"{points:N0} points: export {Rate(points, exported)}, import {Rate(points, moved - exported)}, both {Rate(points, moved)}"
                + $" ({manifest.Bytes / 1e6:0} MB); comparing both sides {Rate(points, compared)}");
            Console.WriteLine(
                $"pg_dump | pg_restore: {Rate(points, dumped)}. Moved at {dumped / moved:0.00} times that rate; {points / moved.TotalSeconds * 1800 / 1e6:0} million points in 30 minutes.");
        }
        finally
        {
            await blobs.DeleteIfExistsAsync();
            foreach (var database in (TestDatabase[])[source, target, restored])
            {
                await database.DisposeAsync();
            }

            foreach (var role in Enumerable.Reverse(roles))
            {
                await TestDatabase.ExecuteOnServerAsync($"DROP ROLE IF EXISTS \"{role}\"");
            }
        }
    }

    private static string Rate(int points, TimeSpan time) =>
        $"{points / time.TotalSeconds:N0}/s in {time.TotalSeconds:0.0} s";

    private static async Task<TenantDatabaseAddress> PrepareAsync(
        TestDatabase test, TenantDatabaseStore databases, SecretStore secrets, TenantDatabaseSetup setup)
    {
        var server = new NpgsqlConnectionStringBuilder(test.ConnectionString);
        var address = await databases.AddAsync(
            server.Host!, server.Port, test.Name, server.Username!, "Prefer", certificateSha256: null, default);
        await secrets.SetAsync(address.SecretName(address.AdminUser), server.Password ?? "", default);
        await setup.PrepareAsync(address, HostingMode.MultiTenant, default);
        return address;
    }

    private static async Task FillAsync(
        MovingConnections connections, TenantDatabaseAddress database, Guid tenantId, int points)
    {
        await using var connection = await connections.OpenAsync(database, default);
        await connection.Sql("SELECT fleet.ensure_partition(current_date - n) FROM generate_series(0, $1) n", Days).RunAsync();
        await connection.Sql(
            """
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras)
                SELECT $1, md5('d' || n % 25)::uuid, current_date - n * ($3 * interval '1 day' / $2),
                       ST_SetSRID(ST_MakePoint(13 + sin(n) / 3, 52 + cos(n) / 7), 4326), n % 500 / 7.0, n % 300 / 11.0, n % 360, 5, 80,
                       now(), CASE WHEN n % 2 = 0 THEN jsonb_build_object('odometer', n / 3.0, 'motion', true) END
                FROM generate_series(1, $2) n
            """,
            tenantId, points, Days).RunAsync();
        await connection.Sql("VACUUM ANALYZE fleet.points").RunAsync();
    }

    private static async Task DumpAndRestoreAsync(TestDatabase source, TestDatabase restored)
    {
        var server = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        using var shell = Process.Start(new ProcessStartInfo("bash")
        {
            ArgumentList = { "-o", "pipefail", "-c", $"pg_dump -Fc {source.Name} | pg_restore -d {restored.Name}" },
            Environment =
            {
                ["PGHOST"] = server.Host,
                ["PGPORT"] = server.Port.ToString(CultureInfo.InvariantCulture),
                ["PGUSER"] = server.Username,
                ["PGPASSWORD"] = server.Password ?? "",
            },
        })!;
        await shell.WaitForExitAsync();
        if (shell.ExitCode != 0)
        {
            throw new InvalidOperationException($"pg_dump | pg_restore ended with {shell.ExitCode}.");
        }
    }
}
