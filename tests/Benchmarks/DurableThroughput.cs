using System.Diagnostics;

namespace WebHost.Benchmarks;

/// <summary>1,000 orchestrations at once, from the first one's scheduling until the last one is seen to be complete.</summary>
internal static class DurableThroughput
{
    private const int Orchestrations = 1000;
    private const int Runs = 7;

    public static async Task RunAsync()
    {
        await using var host = await DurableHost.StartAsync();
        foreach (var length in new[] { 1, 5 })
        {
            await RunOnceAsync(host, length); // Compiles the code and prepares the statements.
            var rates = new List<double>();
            for (var run = 0; run < Runs; run++)
            {
                rates.Add(await RunOnceAsync(host, length));
            }

            Console.WriteLine(
                $"{Orchestrations} orchestrations of {length} activities in sequence: median {Statistics.Median(rates):0}/s"
                + $" of {Runs} runs ({string.Join(", ", rates.Select(rate => $"{rate:0}"))})");
        }
    }

    private static async Task<double> RunOnceAsync(DurableHost host, int length)
    {
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Orchestrations).Select(async _ =>
        {
            var id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Sequence", length);
            var done = await host.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true);
            if (done.ReadOutputAs<int>() != length)
            {
                throw new InvalidOperationException($"{done} answered {done.SerializedOutput}, not {length}.");
            }
        }));
        return Orchestrations / clock.Elapsed.TotalSeconds;
    }
}
