using System.Diagnostics;

namespace WebHost.Benchmarks;

/// <summary>One orchestration with one activity at a time, on an otherwise idle engine, from scheduling to completion.</summary>
internal static class DurableLatency
{
    private const int WarmUp = 50;
    private const int Measured = 500;

    public static async Task RunAsync()
    {
        await using var host = await DurableHost.StartAsync();
        var milliseconds = new List<double>();
        for (var i = 0; i < WarmUp + Measured; i++)
        {
            var clock = Stopwatch.StartNew();
            var id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Sequence", 1);
            await host.Client.WaitForInstanceCompletionAsync(id, CancellationToken.None);
            if (i >= WarmUp)
            {
                milliseconds.Add(clock.Elapsed.TotalMilliseconds);
            }
        }

        Console.WriteLine(
            $"start to finish of {Measured}: p50 {Statistics.Median(milliseconds):0.0} ms,"
            + $" p95 {Statistics.Percentile(milliseconds, 0.95):0.0} ms, p99 {Statistics.Percentile(milliseconds, 0.99):0.0} ms");
    }
}
