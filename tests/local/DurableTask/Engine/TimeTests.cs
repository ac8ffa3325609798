using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Engine;

public sealed class TimeTests(HubFixture hubs)
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private int _attempts;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Timer_of_days_fires_when_the_clock_says_so(bool replayed)
    {
        var time = new ManualTime(Start);
        await using var hub = await StartAsync(
            time, context => context.CreateTimer(TimeSpan.FromDays(7), CancellationToken.None), replayed);
        var id = await hub.StartAsync("Main");
        await Eventually.IsTrueAsync(async () => (await hub.StateOfAsync(id)).IsRunning);
        time.Advance(TimeSpan.FromDays(6.9));
        Assert.True((await hub.StateOfAsync(id)).IsRunning);

        await PassAsync(hub, time);

        AssertTook(TimeSpan.FromDays(7), await hub.EndOfAsync(id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_at_a_time_is_pending_until_then(bool replayed)
    {
        var time = new ManualTime(Start);
        await using var hub = await StartAsync(time, _ => Task.CompletedTask, replayed);
        var id = await hub.Client.ScheduleNewOrchestrationInstanceAsync(
            "Main", new StartOrchestrationOptions(StartAt: Start.AddDays(1)));
        time.Advance(TimeSpan.FromHours(23));
        var before = await hub.StateOfAsync(id);

        await PassAsync(hub, time);

        Assert.Equal(OrchestrationRuntimeStatus.Pending, before.RuntimeStatus);
        AssertTook(TimeSpan.FromDays(1), await hub.EndOfAsync(id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Retry_policy_waits_longer_each_time_up_to_its_longest_interval(bool replayed)
    {
        var time = new ManualTime(Start);
        await using var hub = await StartAsync(
            time, Failing(new(4, TimeSpan.FromHours(1), backoffCoefficient: 4, maxRetryInterval: TimeSpan.FromHours(2))), replayed);
        var id = await hub.StartAsync("Main");

        await PassAsync(hub, time);
        await PassAsync(hub, time);
        await PassAsync(hub, time);

        // 1 + 2 + 2: without the limit it would be 1 + 4 + 16.
        AssertTook(TimeSpan.FromHours(5), await hub.EndOfAsync(id));
        Assert.Equal(4, _attempts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Retry_policy_gives_up_when_its_time_has_passed(bool replayed)
    {
        var time = new ManualTime(Start);
        await using var hub = await StartAsync(
            time, Failing(new(10, TimeSpan.FromHours(1), retryTimeout: TimeSpan.FromHours(1.5))), replayed);
        var id = await hub.StartAsync("Main");

        await PassAsync(hub, time);
        await PassAsync(hub, time);

        AssertTook(TimeSpan.FromHours(2), await hub.EndOfAsync(id));
        Assert.Equal(3, _attempts);
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

    private static Func<TaskOrchestrationContext, Task> Failing(RetryPolicy policy) =>
        context => context.CallActivityAsync("Fail", new TaskOptions(policy));

    private Task<TestHub> StartAsync(ManualTime time, Func<TaskOrchestrationContext, Task> orchestrator, bool replayed) =>
        hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Main", orchestrator)
                .AddActivityFunc<object?>("Fail", (_, _) =>
                {
                    Interlocked.Increment(ref _attempts);
                    throw new InvalidOperationException("again");
                }),
            replayed,
            time: time);

    /// <summary>Lets the time pass until what is due next has been done, and little more.</summary>
    private async Task PassAsync(TestHub hub, ManualTime time)
    {
        DateTimeOffset? due = null;
        await Eventually.IsTrueAsync(
            async () => (due = await NextDueAsync(hub, time.GetUtcNow().AddMilliseconds(1))) is not null);
        time.Advance(due!.Value - time.GetUtcNow());

        // Whoever looked at the clock just before begins to wait only now.
        await Eventually.IsTrueAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return await NextDueAsync(hub, due.Value) != due;
        });
    }

    private async Task<DateTimeOffset?> NextDueAsync(TestHub hub, DateTimeOffset from)
    {
        await using var connection = new NpgsqlConnection(hubs.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT min(due_at) FROM {hub.Name}.inbox WHERE due_at >= $1", connection)
        {
            Parameters = { new() { Value = from.UtcDateTime } },
        };
        return await command.ExecuteScalarAsync() is DateTime due ? due : null;
    }

    private static void AssertTook(TimeSpan expected, OrchestrationMetadata end) =>
        Assert.InRange(end.LastUpdatedAt, end.CreatedAt + expected, end.CreatedAt + expected + TimeSpan.FromHours(1));
}
