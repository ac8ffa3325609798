using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Engine;

public sealed class TimeTests(HubFixture hubs)
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Timer_of_days_fires_when_the_clock_says_so()
    {
        var time = new ManualTime(Start);
        await using var hub = await hubs.StartAsync(
            registry => registry.AddOrchestratorFunc("Wait", async context =>
            {
                await context.CreateTimer(TimeSpan.FromDays(7), CancellationToken.None);
                return context.CurrentUtcDateTime;
            }),
            time: time);
        var id = await hub.StartAsync("Wait");
        await Eventually.IsTrueAsync(async () => (await hub.StateOfAsync(id)).IsRunning);
        time.Advance(TimeSpan.FromDays(6.9));
        Assert.True((await hub.StateOfAsync(id)).IsRunning);

        await Eventually.IsTrueAsync(async () =>
        {
            time.Advance(TimeSpan.FromHours(1));
            return (await hub.StateOfAsync(id)).IsCompleted;
        });

        Assert.InRange((await hub.StateOfAsync(id)).ReadOutputAs<DateTime>(), Start.UtcDateTime.AddDays(7), Start.UtcDateTime.AddDays(14));
    }

    [Fact]
    public async Task Cancelled_timers_leave_nothing_behind()
    {
        await using var hub = await hubs.StartAsync(registry => registry.AddOrchestratorFunc("Cancel", async context =>
        {
            using var stop = new CancellationTokenSource();
            var later = context.CreateTimer(TimeSpan.FromDays(1), stop.Token);
            await context.CreateTimer(TimeSpan.FromMilliseconds(1), CancellationToken.None);
            var sameStep = context.CreateTimer(TimeSpan.FromDays(1), stop.Token);
            stop.Cancel();
            context.SetCustomStatus(later.IsCanceled && sameStep.IsCanceled);
            await context.WaitForExternalEvent<string>("go");
        }));
        var id = await hub.StartAsync("Cancel");

        await Eventually.IsTrueAsync(async () => (await hub.StateOfAsync(id)).ReadCustomStatusAs<bool>());

        await using var connection = new NpgsqlConnection(hubs.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {hub.Name}.inbox", connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task What_has_finished_long_ago_is_purged_by_itself_and_nothing_else()
    {
        var time = new ManualTime(Start);
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Nothing", _ => Task.CompletedTask)
                .AddOrchestratorFunc<string>("Wait", context => context.WaitForExternalEvent<string>("never")),
            time: time,
            configure: options => options.RetentionOfFinished = TimeSpan.FromDays(30));
        await hub.StartAsync("Wait", id: "running");
        await hub.RunAsync("Nothing", id: "old");
        time.Advance(TimeSpan.FromDays(29));
        await hub.RunAsync("Nothing", id: "recent");

        await Eventually.IsTrueAsync(async () =>
        {
            time.Advance(TimeSpan.FromHours(1));
            return await hub.Client.GetInstanceAsync("old", CancellationToken.None) is null;
        });

        Assert.NotNull(await hub.Client.GetInstanceAsync("recent", CancellationToken.None));
        Assert.NotNull(await hub.Client.GetInstanceAsync("running", CancellationToken.None));
    }
}
