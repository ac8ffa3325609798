using System.Globalization;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>
/// The founding document's top tier: 10,000 points a second of one tenant, in batches of 100, for ten minutes. Every minute says
/// how long the answers took, how far the table is behind and what memory the host holds. WEBHOST_BENCHMARK_SECONDS shortens it.
/// </summary>
internal static class IngestionSoak
{
    private const int PointsPerSecond = 10_000;
    private const int PointsPerBatch = 100;
    private const int Connections = 50;
    private const int StageSeconds = 60;

    public static async Task RunAsync()
    {
        await using var site = await IngestionSite.StartAsync();
        var seconds = int.TryParse(
            Environment.GetEnvironmentVariable("WEBHOST_BENCHMARK_SECONDS"), CultureInfo.InvariantCulture, out var given) ? given : 600;
        var (ids, tokens) = await site.AddFleetAsync(1, Connections);

        // A device sends more than a day's worth of seconds: from far enough back that none is beyond tomorrow.
        var requests = new DeviceRequests(tokens, new DateTimeOffset(DateTime.UtcNow.Date.AddDays(-3), TimeSpan.Zero));
        var (sent, refused) = (0L, 0);
        var all = new List<double>();
        for (var done = 0; done < seconds; done += StageSeconds)
        {
            var processor = site.Host.ProcessorTime;
            var stage = TimeSpan.FromSeconds(Math.Min(StageSeconds, seconds - done));
            var load = await Load.RunAtAsync(
                site.Host.Port, (double)PointsPerSecond / PointsPerBatch, stage, Connections, device => requests.Json(device, PointsPerBatch));
            sent += (long)load.Requests * PointsPerBatch;
            refused += load.Refused;
            all.AddRange(load.Milliseconds);
            var missing = sent - await site.CountAsync(ids);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{done + stage.TotalSeconds,4:0} s: {load.Requests * PointsPerBatch / load.Elapsed.TotalSeconds:N0} points/s, p50 {load.Percentile(0.5):0.0} ms, p95 {load.Percentile(0.95):0.0} ms, p99 {load.Percentile(0.99):0.0} ms, {load.Refused} refused; "
                + $"{missing:N0} points not in the table yet; host {site.Host.MemoryMegabytes:0} MB, {(site.Host.ProcessorTime - processor) / load.Elapsed:0.00} processors"));
        }

        await site.WaitUntilEmptyAsync();
        var arrived = await site.CountAsync(ids);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{sent:N0} points accepted, {arrived:N0} in the table, {refused} requests refused; p95 {Statistics.Percentile(all, 0.95):0.0} ms (target 100), p99 {Statistics.Percentile(all, 0.99):0.0} ms"));
    }
}
