using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Chaos;

public sealed class ConnectionLossTests(HubFixture hubs, ITestOutputHelper output)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task Work_goes_on_rightly_though_all_connections_are_dropped_again_and_again()
    {
        await using var database = await TestDatabase.CreateAsync("durabledrop");
        await using var hub = await hubs.StartAsync(
            Journey.Register,
            hubName: "dropped",
            connectionString: database.ConnectionString,
            services: services => services.AddSingleton(_ => NpgsqlDataSource.Create(database.ConnectionString)));
        var log = new JourneyLog(hub, database.ConnectionString);
        await log.PrepareAsync();
        var working = Task.Run(async () =>
        {
            await log.StartAsync(100);
            await log.SendOffAsync(Duration * 0.9);
        });
        var clock = Stopwatch.StartNew();
        var drops = 0;
        while (clock.Elapsed < Duration || !working.IsCompleted)
        {
            await Task.Delay(150);
            await TestDatabase.ExecuteOnServerAsync(
                $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.Name}'");
            drops++;
        }

        await working;
        output.WriteLine($"connections dropped {drops} times");
        await log.AssertAllArrivedAsync(TimeSpan.FromMinutes(2));
    }
}
