using System.Diagnostics;
using System.Globalization;
using WebHost.Security;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>
/// How fast points get in over HTTP and into their table, beside what this machine does at most: COPY of the same rows, and
/// a function that does nothing. Everything, the generator of the load too, runs on the same machine.
/// </summary>
internal static class IngestionSpeed
{
    private const int PointsPerBatch = 1_000;
    private const int BatchConnections = 8;
    private const int Batches = 400;
    private const int SinglePoints = 500_000;
    private const int Rounds = 5;

    // After these the runtime has compiled what is run often a second time, for speed.
    private const int WarmUpPoints = 300_000;

    // Of a small fleet and of larger ones.
    private static readonly int[] SingleConnections = [128, 512, 1_024];

    private static readonly DateTimeOffset Today = new(DateTime.UtcNow.Date, TimeSpan.Zero);

    public static async Task RunAsync()
    {
        await using var site = await IngestionSite.StartAsync();
        await using var empty = await EmptyHost.StartAsync();
        var batches = Number("WEBHOST_BENCHMARK_BATCHES", Batches);
        var singles = Number("WEBHOST_BENCHMARK_SINGLES", SinglePoints);
        await WarmUpAsync(site, empty);

        var plainFloor = await FloorAsync(site, batches, extras: false);
        var extrasFloor = await FloorAsync(site, batches, extras: true);
        Say($"raw COPY, one connection: {plainFloor:N0} rows/s; with extras {extrasFloor:N0} rows/s");

        var json = await BatchesAsync(site, 1, batches, PointsPerBatch, (requests, device, points) => requests.Json(device, points));
        Say("own JSON, 1 tenant", json, plainFloor);
        var overland = await BatchesAsync(
            site, 1, batches, PointsPerBatch, (requests, device, points) => requests.Overland(device, points));
        Say("Overland, 1 tenant", overland, extrasFloor);
        var many = await BatchesAsync(site, 100, batches, PointsPerBatch, (requests, device, points) => requests.Json(device, points));
        Say("own JSON, 100 tenants", many, plainFloor);
        Say($"    100 tenants to one: {many.Arrived / json.Arrived:0.00} (target 0.7)");

        foreach (var connections in SingleConnections)
        {
            var rounds = new List<(double Empty, Singles One, Singles Many)>();
            for (var round = 0; round < Rounds; round++)
            {
                rounds.Add((
                    await EmptyAsync(empty, singles, connections),
                    await SinglesAsync(site, 1, singles, connections),
                    await SinglesAsync(site, 100, singles, connections)));
            }

            Say($"{connections:N0} connections: empty function {Statistics.Median(rounds.ConvertAll(r => r.Empty)):N0} requests/s");
            Say("1 tenant", rounds.ConvertAll(r => (r.One, r.Empty)));
            Say("100 tenants", rounds.ConvertAll(r => (r.Many, r.Empty)));
            Say($"    100 tenants to one: {Statistics.Median(rounds.ConvertAll(r => r.Many.Arrived / r.One.Arrived)):0.00} (target 0.7)");
            var single = Statistics.Median(rounds.ConvertAll(r => r.One.Accepted));
            await HalfRateAsync(site, "single points", 1, single / 2, connections, (requests, device) => requests.OsmAnd(device));
        }

        // Of several tenants: it is more than a plan lets one of them send for long.
        await HalfRateAsync(
            site, "batches of 1,000", BatchConnections, json.Arrived / PointsPerBatch / 2, BatchConnections,
            (requests, device) => requests.Json(device, PointsPerBatch));
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    private static async Task WarmUpAsync(IngestionSite site, EmptyHost empty)
    {
        await BatchesAsync(site, 1, 300, PointsPerBatch, (requests, device, points) => requests.Json(device, points));
        await BatchesAsync(site, 10, 300, PointsPerBatch, (requests, device, points) => requests.Overland(device, points));
        await SinglesAsync(site, 1, WarmUpPoints, SingleConnections[0]);
        await EmptyAsync(empty, WarmUpPoints, SingleConnections[0]);
    }

    // The median of three: a checkpoint or somebody else's work in one of them is not the floor.
    private static async Task<double> FloorAsync(IngestionSite site, int batches, bool extras)
    {
        var rates = new List<double>();
        for (var i = 0; i < 3; i++)
        {
            await site.ClearAsync();
            rates.Add(await CopyFloor.MeasureAsync(site.Tenants, batches * PointsPerBatch, 50, Today, extras));
        }

        return Statistics.Median(rates);
    }

    // Sent the very requests that the door is sent.
    private static async Task<double> EmptyAsync(EmptyHost empty, int points, int connections)
    {
        var tokens = Enumerable.Range(0, connections).Select(_ => OpaqueToken.Generate(TokenKind.Device)).ToArray();
        return (await Load.RunAsync(empty.Port, OsmAnd(tokens, points, connections))).PerSecond;
    }

    private static async Task<(double Accepted, double Arrived)> BatchesAsync(
        IngestionSite site, int tenants, int batches, int pointsEach, Func<DeviceRequests, int, int, byte[]> make)
    {
        await site.ClearAsync();
        var (ids, tokens) = await site.AddFleetAsync(tenants, Math.Max(1, 50 / tenants));
        var requests = new DeviceRequests(tokens, Today);
        var all = Enumerable.Range(0, batches).Select(i => make(requests, i % tokens.Length, pointsEach)).ToArray();
        var clock = Stopwatch.StartNew();
        var load = await Load.RunAsync(site.Host.Port, Divide(all, BatchConnections));
        await site.WaitUntilEmptyAsync();
        var took = clock.Elapsed;
        var arrived = await site.CountAsync(ids);
        if (load.Refused > 0 || arrived != (long)batches * pointsEach)
        {
            throw new InvalidOperationException($"Of {batches} batches {load.Refused} were refused; {arrived} points arrived.");
        }

        return (arrived / load.Elapsed.TotalSeconds, arrived / took.TotalSeconds);
    }

    private static async Task<Singles> SinglesAsync(IngestionSite site, int tenants, int points, int connections)
    {
        await site.ClearAsync();
        var (ids, tokens) = await site.AddFleetAsync(tenants, Math.Max(1, connections / tenants));
        var requests = OsmAnd(tokens, points, connections);
        var processor = site.Host.ProcessorTime;
        var clock = Stopwatch.StartNew();
        var load = await Load.RunAsync(site.Host.Port, requests);
        await site.WaitUntilEmptyAsync();
        var took = clock.Elapsed;
        var arrived = await site.CountAsync(ids);
        if (load.Refused > 0 || arrived != points)
        {
            throw new InvalidOperationException($"Of {points} points {load.Refused} were refused; {arrived} arrived.");
        }

        return new Singles(
            load.PerSecond,
            points / took.TotalSeconds,
            load.Percentile(0.5),
            load.Percentile(0.99),
            (site.Host.ProcessorTime - processor).TotalMicroseconds / points);
    }

    private static async Task HalfRateAsync(
        IngestionSite site, string what, int tenants, double perSecond, int connections, Func<DeviceRequests, int, byte[]> make)
    {
        await site.ClearAsync();
        var (_, tokens) = await site.AddFleetAsync(tenants, connections / tenants);
        var requests = new DeviceRequests(tokens, Today);
        var load = await Load.RunAtAsync(
            site.Host.Port, perSecond, TimeSpan.FromSeconds(10), connections, device => make(requests, device));
        await site.WaitUntilEmptyAsync();
        Say($"{what} at half the rate ({perSecond:N0}/s): p50 {load.Percentile(0.5):0.0} ms, p95 {load.Percentile(0.95):0.0} ms, "
            + $"p99 {load.Percentile(0.99):0.0} ms (target 100), {load.Refused} refused");
    }

    private static List<byte[]>[] OsmAnd(string[] tokens, int points, int connections)
    {
        var requests = new DeviceRequests(tokens, Today);
        return Divide(Enumerable.Range(0, points).Select(i => requests.OsmAnd(i % tokens.Length)), connections);
    }

    private static List<byte[]>[] Divide(IEnumerable<byte[]> requests, int connections)
    {
        var divided = Enumerable.Range(0, connections).Select(_ => new List<byte[]>()).ToArray();
        foreach (var (index, request) in requests.Index())
        {
            divided[index % connections].Add(request);
        }

        return divided;
    }

    private static void Say(string what, (double Accepted, double Arrived) rates, double floor) => Say(
        $"{what}, batches of {PointsPerBatch:N0}: accepted {rates.Accepted:N0} points/s, arrived {rates.Arrived:N0} points/s, "
        + $"{rates.Arrived / floor:0.00} of COPY (target 0.35)");

    private static void Say(string tenants, List<(Singles Points, double Empty)> rounds) => Say(
        $"single OsmAnd points, {tenants}: accepted {Median(p => p.Accepted, rounds):N0}/s, arrived {Median(p => p.Arrived, rounds):N0}/s, "
        + $"{Statistics.Median(rounds.ConvertAll(r => r.Points.Arrived / r.Empty)):0.00} of empty (target 0.5); "
        + $"p50 {Median(p => p.P50, rounds):0.0} ms, p99 {Median(p => p.P99, rounds):0.0} ms; "
        + $"host {Median(p => p.Processor, rounds):0} µs of processor a point");

    private static double Median(Func<Singles, double> figure, List<(Singles Points, double Empty)> rounds) =>
        Statistics.Median(rounds.ConvertAll(round => figure(round.Points)));

    private static void Say(string line) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line}"));

    /// <summary>What a load of single points came to: points a second, milliseconds, and microseconds of the host's processor a point.</summary>
    private sealed record Singles(double Accepted, double Arrived, double P50, double P99, double Processor);
}
