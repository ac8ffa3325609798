using System.Collections.Concurrent;
using System.Web;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Redis;

namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>What we send and what the simulators answer, held against the vendors' own descriptions.</summary>
public sealed class SchemaConformanceTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fly_machines_calls_and_answers_are_as_described()
    {
        var exchanges = new ConcurrentQueue<Exchange>();
        var clients = RecordedClients(exchanges);
        var apps = clients.GetRequiredService<FlyApps>();
        var machines = clients.GetRequiredService<FlyMachines>();
        var volumes = clients.GetRequiredService<FlyVolumes>();
        var certificates = clients.GetRequiredService<FlyCertificates>();
        var (app, owner) = (Simulators.NewAppName(), Simulators.NewOwner());
        await apps.EnsureAppAsync(app, app, Cancelled);
        await apps.EnsureAppAsync(app, app, Cancelled);
        await apps.ListAsync(Cancelled);
        await apps.EnsureSharedIpAsync(app, Cancelled);
        await apps.EnsureIpv6Async(app, Cancelled);
        await apps.EnsurePrivateIpAsync(app, app, Cancelled);
        await simulators.SetDatabaseSecretsAsync(app, "p");
        var version = await apps.SetSecretsAsync(app, new Dictionary<string, string?> { ["OPERATOR_PASSWORD"] = "p" }, Cancelled);
        var volume = await volumes.EnsureVolumeAsync(
            app,
            new FlyVolumeRequest("pg_data", "fra", 10)
            {
                Compute = new FlyGuest("shared", 1, 1024),
                SnapshotRetention = 14,
                RequireUniqueZone = true,
                UniqueZoneAppWide = true,
            },
            Cancelled);
        await volumes.ExtendVolumeAsync(app, volume, 20, Cancelled);
        var config = SimulatedDatabases.PostgresConfig(volume.Id);
        var machine = await machines.EnsureMachineAsync(
            app, new FlyMachineRequest("db", "fra", config) { MinSecretsVersion = version, StartCordoned = true }, owner, Cancelled);
        await machines.WaitStartedAsync(app, machine, Limit, Cancelled);
        await machines.UncordonAsync(app, machine.Id, cancellationToken: Cancelled);
        await machines.CordonAsync(app, machine.Id, cancellationToken: Cancelled);
        machine = await machines.UpdateMachineAsync(app, machine, config, owner, version, cancellationToken: Cancelled);
        await machines.WaitStartedAsync(app, machine, Limit, Cancelled);
        var nonce = await machines.AcquireLeaseAsync(app, machine.Id, TimeSpan.FromSeconds(30), "test", Cancelled);
        await machines.StopAsync(app, machine.Id, nonce, Cancelled);
        await machines.ReleaseLeaseAsync(app, machine.Id, nonce, Cancelled);
        await machines.WaitStoppedAsync(app, machine, Limit, Cancelled);
        await machines.StartAsync(app, machine.Id, cancellationToken: Cancelled);
        await certificates.EnsureCertificateAsync(app, $"{app}.example.com", Cancelled);
        await certificates.EnsureCertificateAsync(app, $"{app}.example.com", Cancelled);
        await certificates.CheckAsync(app, $"{app}.example.com", Cancelled);
        await certificates.DeleteCertificateAsync(app, $"{app}.example.com", Cancelled);
        await apps.DeleteAppAsync(app, Cancelled);

        AssertConform("fly-machines.json", "/fly", exchanges, atLeast: 20, Differences);
    }

    [Fact]
    public async Task Cloudflare_calls_and_answers_are_as_described()
    {
        var exchanges = new ConcurrentQueue<Exchange>();
        var dns = RecordedClients(exchanges).GetRequiredService<DnsRecords>();
        var (name, owner) = ($"t-{Guid.NewGuid():n}.example.com", Simulators.NewOwner());
        await dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled);
        await dns.EnsureAsync("A", name, "192.0.2.2", owner, Cancelled);
        await dns.EnsureAsync("CNAME", name, "app.fly.dev", owner, Cancelled);
        await dns.DeleteAsync(name, owner, Cancelled);

        AssertConform("cloudflare-dns.json", "/cloudflare/client/v4", exchanges, atLeast: 4, Differences);
    }

    [Fact]
    public async Task Upstash_calls_and_answers_are_as_described()
    {
        var exchanges = new ConcurrentQueue<Exchange>();
        var redis = RecordedClients(exchanges, "Upstash").GetRequiredService<IRedisService>();
        var request = new RedisRequest(Simulators.NewAppName(), "fra") { ReadRegions = ["iad"] };
        await redis.EnsureAsync(request, Cancelled);
        await redis.EnsureAsync(request, Cancelled);
        await redis.DeleteAsync(request.Name, Cancelled);

        AssertConform("upstash-redis.json", "/upstash/v2", exchanges, atLeast: 4, Differences);
    }

    // Where the live service is known to differ from its document, and what we follow then.
    private static bool Differences(string operation, string fault) =>
        // Newer than the document.
        operation == "POST /zones/{id}/dns_records/batch"
        // Cloudflare gives the id; its document does not mark it as read-only.
        || fault == "request has no id"
        // A null value removes a secret.
        || (operation == "POST /v1/apps/{id}/secrets" && fault.EndsWith(" is null", StringComparison.Ordinal));

    private static void AssertConform(
        string document, string prefix, ConcurrentQueue<Exchange> exchanges, int atLeast, Func<string, string, bool> isKnown)
    {
        if (OpenApiDocument.Folder is not { } folder)
        {
            Assert.Skip("The vendors' documents are not on this machine (WEBHOST_SHARED_DATA).");
            return;
        }

        var specification = new OpenApiDocument(Path.Combine(folder, document));
        var faults = new SortedSet<string>(StringComparer.Ordinal);
        var checkedOperations = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var exchange in exchanges)
        {
            var path = exchange.Address.AbsolutePath[prefix.Length..];
            if (specification.FindOperation(exchange.Method, path) is not { } operation)
            {
                Report($"{exchange.Method} {path} is not described");
                continue;
            }

            checkedOperations.Add($"{exchange.Method} {(string?)operation["operationId"]}");
            var query = HttpUtility.ParseQueryString(exchange.Address.Query).AllKeys.OfType<string>().ToList();
            specification.CheckRequest(operation, query, exchange.RequestBody).ForEach(Report);
            specification.CheckResponse(operation, exchange.Status, exchange.ResponseBody).ForEach(Report);

            void Report(string fault)
            {
                var name = $"{exchange.Method} {Anonymous(path)}";
                if (!isKnown(name, fault))
                {
                    faults.Add($"{name}: {fault}");
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{document}: {exchanges.Count} calls of {checkedOperations.Count} operations checked: {string.Join(", ", checkedOperations)}");
        Assert.Empty(faults);
        Assert.True(checkedOperations.Count >= atLeast, $"Only {checkedOperations.Count} operations were checked.");
    }

    private static string Anonymous(string path) => string.Join('/', path.Split('/').Select((segment, index) =>
        index > 1 && segment is not ("apps" or "dns_records" or "batch" or "secrets" or "machines" or "volumes") ? "{id}" : segment));

    private IServiceProvider RecordedClients(ConcurrentQueue<Exchange> exchanges, string redis = "Fly") => simulators.CreateClients(
        new Dictionary<string, string?> { ["Providers:Redis"] = redis },
        services => services.ConfigureHttpClientDefaults(client =>
            client.AddHttpMessageHandler(() => new ExchangeRecorder(exchanges))));
}
