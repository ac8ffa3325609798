using System.Diagnostics;

namespace WebHost.Benchmarks;

/// <summary>
/// Processor time of a worker with nothing to do and 100 orchestrations in memory that wait for an event, once the runtime has
/// finished compiling what start-up used.
/// </summary>
internal static class DurableIdle
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(30);

    public static async Task RunAsync()
    {
        await using var host = await DurableHost.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
            await host.Client.WaitForInstanceStartAsync(
                await host.Client.ScheduleNewOrchestrationInstanceAsync("Waiting"), CancellationToken.None)));
        await Task.Delay(Settling);
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        await Task.Delay(Measured);
        process.Refresh();
        var used = (process.TotalProcessorTime - before) / Measured;
        Console.WriteLine($"idle: {used:P2} of one core over {Measured.TotalSeconds:0} s");
    }
}
