using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Local.Providers.Tests.Hetzner;
using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Redis;

namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>What we send and what the simulators answer, held against the vendors' own descriptions.</summary>
public sealed class SchemaConformanceTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // The part of Fly's schema that we have describes this type, but not the query that answers it.
    private static readonly Dictionary<string, string> OutsideTheExcerpt = new() { ["addOn"] = "AddOn" };

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

    [Fact]
    public async Task Fly_GraphQL_calls_and_answers_are_as_described()
    {
        var exchanges = new ConcurrentQueue<Exchange>();
        var clients = RecordedClients(exchanges);
        var redis = clients.GetRequiredService<IRedisService>();
        var request = new RedisRequest(Simulators.NewAppName(), "fra") { ReadRegions = ["iad"] };
        await redis.EnsureAsync(request, Cancelled);
        await redis.EnsureAsync(request, Cancelled);
        await redis.DeleteAsync(request.Name, Cancelled);
        await clients.GetRequiredService<FlyApps>().EnsureAppAsync(request.Name, request.Name, Cancelled);
        await clients.GetRequiredService<FlyConsul>().EnableAsync(request.Name, Cancelled);

        var schema = new GraphQlDocument(VendorDocuments.Find("fly-graphql-addons.graphql"));
        var (described, undescribed) = (new SortedSet<string>(), new SortedSet<string>());
        var faults = new List<string>();
        foreach (var exchange in exchanges.Where(exchange => exchange.Address.AbsolutePath == "/fly-graphql"))
        {
            var body = JsonNode.Parse(exchange.RequestBody!)!.AsObject();
            var data = JsonNode.Parse(exchange.ResponseBody)!["data"] as JsonObject;
            var (fields, found) = schema.Check(body, data, OutsideTheExcerpt);
            described.UnionWith(fields);
            undescribed.UnionWith(fields.Count == 0 ? [(string)body["operationName"]!] : []);
            faults.AddRange(found.Select(fault => $"{body["operationName"]}: {fault}"));
        }

        Say($"fly-graphql-addons.graphql: {exchanges.Count} calls, fields checked: {string.Join(", ", described)}; "
            + $"not described there: {string.Join(", ", undescribed)}");
        Assert.Empty(faults);
        Assert.Equal(["addOn", "createAddOn", "deleteAddOn"], described);
    }

    [Fact]
    public async Task Robot_answers_have_the_fields_and_types_of_the_documented_examples()
    {
        await simulators.RestartAsync(new SimulatorsOptions { OrderMs = 0 });
        var exchanges = new ConcurrentQueue<Exchange>();
        var clients = RecordedClients(exchanges);
        var (orders, servers) = (clients.GetRequiredService<HetznerOrders>(), clients.GetRequiredService<HetznerServers>());
        var request = HetznerOrdersTests.NewRequest();
        var order = await orders.EnsureOrderAsync(request, Cancelled);
        await orders.EnsureOrderAsync(request, Cancelled);
        var number = (await orders.FindAsync(order.Id, Cancelled))!.ServerNumber!.Value;
        await servers.ListAsync(Cancelled);
        await servers.FindAsync(number, Cancelled);
        await servers.RenameAsync(number, "webhost-fsn1-1", Cancelled);
        await servers.InstallAsync(number, "Debian 12 base", ["aa:bb"], Cancelled);
        var rules = new HetznerFirewallRules([new("ssh", true, "ipv4", "192.0.2.0/24", "22")], [new("all", true)]);
        await servers.SetFirewallAsync(number, rules, Cancelled);
        await servers.IsFirewallActiveAsync(number, Cancelled);
        await servers.CancelAsync(number, Cancelled);
        await simulators.OrderFaultAsync("Hetzner", "ListKeys", "rate-limit");
        foreach (var (method, path) in new[] { ("GET", "server/1"), ("GET", "key"), ("POST", "key") })
        {
            exchanges.Enqueue(await AskRobotAsync(method, path));
        }

        var compared = new SortedSet<string>(StringComparer.Ordinal);
        var without = new SortedSet<string>(StringComparer.Ordinal);
        var differences = new List<string>();
        foreach (var exchange in exchanges)
        {
            var (call, answers) = RobotExamples.Find(exchange.Method, exchange.Address.AbsolutePath["/hetzner".Length..]);
            var refused = exchange.Status >= 400;
            var examples = refused ? RobotExamples.FindRefusals(exchange.Status) : answers;
            var name = refused ? $"{exchange.Status}" : call;
            (examples.Count > 0 ? compared : without).Add(name);
            differences.AddRange(RobotExamples.Compare(JsonNode.Parse(exchange.ResponseBody), examples)
                .Select(difference => $"{name}: {difference}"));
        }

        Say($"hetzner-robot-examples: {exchanges.Count} calls, answers compared: {string.Join(", ", compared)}; "
            + $"no example: {string.Join(", ", without)}");
        Assert.True(differences.Count == 0, string.Join('\n', differences));
        Assert.True(compared.Count >= 18, $"Only {compared.Count} kinds of answers were compared.");
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
        var specification = new OpenApiDocument(VendorDocuments.Find(document));
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

        Say($"{document}: {exchanges.Count} calls of {checkedOperations.Count} operations checked: "
            + string.Join(", ", checkedOperations));
        Assert.Empty(faults);
        Assert.True(checkedOperations.Count >= atLeast, $"Only {checkedOperations.Count} operations were checked.");
    }

    // What our client makes of a refusal is an exception.
    private async Task<Exchange> AskRobotAsync(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(simulators.Address, $"/hetzner/{path}"));
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"#ws+tests:{Simulators.RobotPassword}")));
        request.Content = method == "POST" ? new FormUrlEncodedContent([]) : null;
        using var answer = await simulators.Http.SendAsync(request, Cancelled);
        return new Exchange(
            method, request.RequestUri!, null, (int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private static string Anonymous(string path) => string.Join('/', path.Split('/').Select((segment, index) =>
        index > 1 && segment is not ("apps" or "dns_records" or "batch" or "secrets" or "machines" or "volumes") ? "{id}" : segment));

    private IServiceProvider RecordedClients(ConcurrentQueue<Exchange> exchanges, string redis = "Fly") => simulators.CreateClients(
        new Dictionary<string, string?> { ["Providers:Redis"] = redis },
        services => services.ConfigureHttpClientDefaults(client =>
            client.AddHttpMessageHandler(() => new ExchangeRecorder(exchanges))));
}
