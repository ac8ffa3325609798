using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace WebHost.Local.DurableTask.Tests.Conformance;

public abstract class TimerAndEventTests(HubFixture hubs, bool replayed)
{
    [Fact]
    public async Task Timer_fires_when_due_and_not_before()
    {
        await using var hub = await StartAsync(async context =>
        {
            var begun = context.CurrentUtcDateTime;
            await context.CreateTimer(TimeSpan.FromMilliseconds(200), CancellationToken.None);
            return (context.CurrentUtcDateTime - begun).TotalMilliseconds.ToString("0");
        });

        Assert.InRange(int.Parse((await hub.RunAsync("Main")).ReadOutputAs<string>()!), 200, 5000);
    }

    [Fact]
    public async Task Timer_that_is_cancelled_throws_and_holds_nothing_up()
    {
        await using var hub = await StartAsync(async context =>
        {
            using var stop = new CancellationTokenSource();
            var timer = context.CreateTimer(TimeSpan.FromDays(1000), stop.Token);
            await context.CreateTimer(TimeSpan.FromMilliseconds(10), CancellationToken.None);
            stop.Cancel();
            try
            {
                await timer;
                return "fired";
            }
            catch (TaskCanceledException)
            {
                return "cancelled";
            }
        });

        Assert.Equal("cancelled", (await hub.RunAsync("Main")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Time_stands_still_within_a_step_and_never_goes_back()
    {
        await using var hub = await StartAsync(async context =>
        {
            var seen = new List<DateTime> { context.CurrentUtcDateTime, context.CurrentUtcDateTime };
            for (var i = 0; i < 3; i++)
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(20), CancellationToken.None);
                seen.Add(context.CurrentUtcDateTime);
            }

            return seen[0] == seen[1] && seen.SequenceEqual(seen.Order()) && seen[0].Kind == DateTimeKind.Utc ? "steady" : "jumps";
        });

        Assert.Equal("steady", (await hub.RunAsync("Main")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Events_wait_in_order_for_someone_to_ask_whatever_the_case_of_their_name()
    {
        await using var hub = await StartAsync(async context =>
        {
            await context.WaitForExternalEvent<string>("go");
            return await context.WaitForExternalEvent<string>("ITEM")
                + await context.WaitForExternalEvent<string>("Item")
                + await context.WaitForExternalEvent<string>("item");
        });
        var id = await hub.StartAsync("Main");
        foreach (var item in new[] { "a", "b", "c" })
        {
            await hub.Client.RaiseEventAsync(id, "item", item);
        }

        await hub.Client.RaiseEventAsync(id, "Go", "now");

        Assert.Equal("abc", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Event_with_a_payload_of_several_fields_arrives_whole()
    {
        await using var hub = await StartAsync(async context => (await context.WaitForExternalEvent<Reading>("reading")).ToString());
        var id = await hub.StartAsync("Main");
        var reading = new Reading("bus 7", 12.5, null);

        await hub.Client.RaiseEventAsync(id, "reading", reading);

        Assert.Equal(reading.ToString(), (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Event_that_does_not_come_in_time_is_a_cancelled_task()
    {
        await using var hub = await StartAsync(async context =>
        {
            try
            {
                return await context.WaitForExternalEvent<string>("never", TimeSpan.FromMilliseconds(50));
            }
            catch (TaskCanceledException)
            {
                return "late";
            }
        });

        Assert.Equal("late", (await hub.RunAsync("Main")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Event_in_time_wins_and_its_timer_holds_nothing_up()
    {
        await using var hub = await StartAsync(
            context => context.WaitForExternalEvent<string>("soon", TimeSpan.FromDays(30)));
        var id = await hub.StartAsync("Main");

        await hub.Client.RaiseEventAsync(id, "soon", "here");

        Assert.Equal("here", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Event_after_a_timed_out_wait_is_kept_for_the_next_wait()
    {
        await using var hub = await StartAsync(async context =>
        {
            try
            {
                await context.WaitForExternalEvent<string>("data", TimeSpan.FromMilliseconds(1));
            }
            catch (TaskCanceledException)
            {
                context.SetCustomStatus("waiting again");
            }

            await context.WaitForExternalEvent<string>("go");
            return await context.WaitForExternalEvent<string>("data");
        });
        var id = await hub.StartAsync("Main");
        await WebHost.Testing.Eventually.IsTrueAsync(
            async () => (await hub.StateOfAsync(id)).SerializedCustomStatus is not null);

        await hub.Client.RaiseEventAsync(id, "data", "kept");
        await hub.Client.RaiseEventAsync(id, "go", "");

        Assert.Equal("kept", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Orchestrations_send_each_other_events()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Main", async context => await context.WaitForExternalEvent<string>("hello"))
                .AddOrchestratorFunc<string>("Sender", (context, to) =>
                {
                    context.SendEvent(to, "hello", "from the other");
                    return Task.CompletedTask;
                }),
            replayed);
        var id = await hub.StartAsync("Main");

        await hub.RunAsync("Sender", id);

        Assert.Equal("from the other", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Race_between_activity_and_timer_is_won_by_the_first()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Main", async context =>
                {
                    using var stop = new CancellationTokenSource();
                    var timer = context.CreateTimer(TimeSpan.FromDays(1), stop.Token);
                    var work = context.CallActivityAsync<string>("Work");
                    var first = await Task.WhenAny(timer, work);
                    stop.Cancel();
                    return first == work ? await work : "timer";
                })
                .AddActivityFunc<object?, string>("Work", (_, _) => "work"),
            replayed);

        Assert.Equal("work", (await hub.RunAsync("Main")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Event_for_nobody_is_refused_and_for_someone_finished_ignored()
    {
        await using var hub = await StartAsync(context => Task.FromResult("done"));
        var end = await hub.RunAsync("Main");

        await hub.Client.RaiseEventAsync(end.InstanceId, "late", 1);
        await Assert.ThrowsAnyAsync<Exception>(() => hub.Client.RaiseEventAsync("nobody", "event", 1));

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await hub.StateOfAsync(end.InstanceId)).RuntimeStatus);
    }

    private Task<TestHub> StartAsync(Func<TaskOrchestrationContext, Task<string>> orchestrator) =>
        hubs.StartAsync(registry => registry.AddOrchestratorFunc("Main", orchestrator), replayed);

    public sealed class InMemory(HubFixture hubs) : TimerAndEventTests(hubs, replayed: false);

    public sealed class Replayed(HubFixture hubs) : TimerAndEventTests(hubs, replayed: true);

    public sealed record Reading(string Vehicle, double Speed, int? Heading);
}
