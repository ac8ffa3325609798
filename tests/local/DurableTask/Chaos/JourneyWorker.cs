using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace WebHost.Local.DurableTask.Tests.Chaos;

/// <summary>A worker process of its own: runs journeys until it is killed or its parent is gone.</summary>
internal static class JourneyWorker
{
    public const string Verb = "journey-worker";

    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(string connectionString, string hub)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(NpgsqlDataSource.Create(connectionString));
        builder.Services.AddLocalDurableTask(Journey.Register, options =>
        {
            options.ConnectionString = connectionString;
            options.HubName = hub;
            options.LeaseDuration = LeaseDuration;
            options.PollInterval = TimeSpan.FromMilliseconds(500);
        });
        using var host = builder.Build();
        await host.StartAsync();
        await Console.Out.WriteLineAsync("ready");
        await Console.In.ReadToEndAsync(); // The parent's end of the pipe closes with it.
        return 0;
    }
}
