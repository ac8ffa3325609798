using System.Diagnostics;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Chaos;

public sealed class KillTests(HubFixture hubs, ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("WEBHOST_LONG_TESTS") == "1";
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(IsLong ? 60 : 7);
    private static readonly int Journeys = IsLong ? 400 : 120;

    [Fact]
    public async Task Every_orchestration_ends_once_and_rightly_though_its_workers_are_killed_again_and_again()
    {
        await using var database = await TestDatabase.CreateAsync("durablekill");
        await using var hub = await hubs.StartAsync(
            Journey.Register, hubName: "killed", connectionString: database.ConnectionString, isWorker: false);
        var log = new JourneyLog(hub, database.ConnectionString);
        await log.PrepareAsync();
        var random = new Random();
        var workers = new[] { Start(database), Start(database) };
        try
        {
            await log.StartAsync(Journeys);
            var sendingOff = log.SendOffAsync(Duration * 0.8);
            var clock = Stopwatch.StartNew();
            var kills = 0;
            while (clock.Elapsed < Duration)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(500, 1500)));
                var victim = random.Next(workers.Length);
                workers[victim].Kill();
                await workers[victim].WaitForExitAsync();
                workers[victim].Dispose();
                workers[victim] = Start(database);
                kills++;
            }

            await sendingOff;
            output.WriteLine($"{kills} workers killed");
            await log.AssertAllArrivedAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            foreach (var worker in workers)
            {
                worker.Kill();
                await worker.WaitForExitAsync();
                worker.Dispose();
            }
        }
    }

    private static Process Start(TestDatabase database) => Process.Start(new ProcessStartInfo(
        "dotnet",
        [
            typeof(KillTests).Assembly.Location,
            JourneyWorker.Verb,
            $"{database.ConnectionString};Maximum Pool Size=8",
            "killed",
        ])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;
}
