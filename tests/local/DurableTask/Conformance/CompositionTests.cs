using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Conformance;

public abstract class CompositionTests(HubFixture hubs, bool replayed)
{
    [Fact]
    public async Task Sub_orchestration_answers_and_knows_its_parent()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>("Child", "x"))
                .AddOrchestratorFunc<string, string>("Child", (context, input) =>
                    Task.FromResult($"{input} {context.Parent!.Name} {context.Parent.InstanceId}")),
            replayed);

        Assert.Equal("x Parent p1", (await hub.RunAsync("Parent", id: "p1")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Top_level_orchestration_has_no_parent()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry.AddOrchestratorFunc("Top", context => Task.FromResult(context.Parent is null)), replayed);

        Assert.True((await hub.RunAsync("Top")).ReadOutputAs<bool>());
    }

    [Fact]
    public async Task Sub_orchestration_gets_the_id_asked_for()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>(
                    "Child", null, new TaskOptions().WithInstanceId($"{context.InstanceId}/child")))
                .AddOrchestratorFunc("Child", context => Task.FromResult(context.InstanceId)),
            replayed);

        Assert.Equal("p1/child", (await hub.RunAsync("Parent", id: "p1")).ReadOutputAs<string>());
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await hub.StateOfAsync("p1/child")).RuntimeStatus);
    }

    [Fact]
    public async Task Failure_of_a_sub_orchestration_arrives_with_its_causes()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Parent", async context =>
                {
                    try
                    {
                        await context.CallSubOrchestratorAsync("Child");
                        return "no failure";
                    }
                    catch (TaskFailedException failed)
                    {
                        var inner = failed.FailureDetails.InnerFailure!;
                        return $"{failed.TaskName} {failed.FailureDetails.ErrorType} {inner.ErrorType} {inner.ErrorMessage}";
                    }
                })
                .AddOrchestratorFunc("Child", context => context.CallActivityAsync("Fail"))
                .AddActivityFunc("Fail", _ => throw new TimeoutException("too slow")),
            replayed);

        Assert.Equal(
            "Child Microsoft.DurableTask.TaskFailedException System.TimeoutException too slow",
            (await hub.RunAsync("Parent")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Termination_of_a_sub_orchestration_is_a_failure_to_its_parent()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync(
                    "Child", new SubOrchestrationOptions(instanceId: "child")))
                .AddOrchestratorFunc<string>("Child", context => context.WaitForExternalEvent<string>("never")),
            replayed);
        var id = await hub.StartAsync("Parent");
        await hub.Client.WaitForInstanceStartAsync("child");

        await hub.Client.TerminateInstanceAsync("child");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await hub.EndOfAsync(id)).RuntimeStatus);
    }

    [Fact]
    public async Task Many_sub_orchestrations_in_parallel_all_answer()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Parent", async context => (await Task.WhenAll(
                    Enumerable.Range(0, 60).Select(i => context.CallSubOrchestratorAsync<int>("Child", i)))).Sum())
                .AddOrchestratorFunc<int, int>("Child", (context, i) => context.CallActivityAsync<int>("Double", i))
                .AddActivityFunc<int, int>("Double", (_, i) => 2 * i),
            replayed);

        Assert.Equal(60 * 59, (await hub.RunAsync("Parent")).ReadOutputAs<int>());
    }

    [Fact]
    public async Task Continued_orchestration_keeps_its_id_and_gets_its_new_input()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc<int, int>("Count", async (context, i) =>
                {
                    var next = await context.CallActivityAsync<int>("Increment", i);
                    if (next < 5)
                    {
                        context.ContinueAsNew(next);
                    }

                    return next;
                })
                .AddActivityFunc<int, int>("Increment", (_, i) => i + 1),
            replayed);

        var end = await hub.RunAsync("Count", 0, "counter");

        Assert.Equal(("counter", 5, 4), (end.InstanceId, end.ReadOutputAs<int>(), end.ReadInputAs<int>()));
    }

    [Fact]
    public async Task Continued_orchestration_loses_no_event_and_keeps_their_order()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry.AddOrchestratorFunc<string, string>("Collect", async (context, sofar) =>
            {
                var item = await context.WaitForExternalEvent<string>("item");
                if (item != "end")
                {
                    context.ContinueAsNew(sofar + item);
                }

                return sofar;
            }),
            replayed);
        var id = await hub.StartAsync("Collect", "");
        var items = Enumerable.Range(0, 30).Select(i => $"{i},").ToList();
        foreach (var item in items.Append("end"))
        {
            await hub.Client.RaiseEventAsync(id, "item", item);
        }

        Assert.Equal(string.Concat(items), (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Continued_orchestration_forgets_events_when_told_to()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry.AddOrchestratorFunc<string?, string>("Once", async (context, round) =>
            {
                await context.WaitForExternalEvent<string>("go");
                if (round is null)
                {
                    context.ContinueAsNew("second", preserveUnprocessedEvents: false);
                    return "";
                }

                return await context.WaitForExternalEvent<string>("data");
            }),
            replayed);
        var id = await hub.StartAsync("Once");
        await hub.Client.WaitForInstanceStartAsync(id);
        await hub.Client.RaiseEventAsync(id, "data", "old");
        await hub.Client.RaiseEventAsync(id, "go", "");
        await Eventually.IsTrueAsync(async () => (await hub.StateOfAsync(id)).SerializedInput is not null);
        await hub.Client.RaiseEventAsync(id, "go", "");
        await hub.Client.RaiseEventAsync(id, "data", "new");

        Assert.Equal("new", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Answers_to_the_previous_execution_do_not_reach_the_next()
    {
        var hold = new TaskCompletionSource();
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc<int, string>("Main", async (context, round) =>
                {
                    var work = context.CallActivityAsync<string>("Work", round);
                    var timer = context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
                    if (round == 0)
                    {
                        await context.WaitForExternalEvent<string>("go");
                        context.ContinueAsNew(1);
                        return "";
                    }

                    return await Task.WhenAny(work, timer) == work ? await work : "timer";
                })
                .AddActivityFunc<int, string>("Work", async (_, round) =>
                {
                    if (round == 0)
                    {
                        await hold.Task;
                    }
                    else
                    {
                        hold.SetResult();
                        await Task.Yield();
                    }

                    return $"round {round}";
                }),
            replayed);
        var id = await hub.StartAsync("Main", 0);
        await hub.Client.RaiseEventAsync(id, "go", "");

        Assert.Equal("round 1", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Guids_are_unique_and_the_same_in_every_replay()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Main", async context =>
                {
                    var made = new[] { context.NewGuid(), context.NewGuid() };
                    var echoed = new[]
                    {
                        await context.CallActivityAsync<Guid>("Echo", made[0]),
                        await context.CallActivityAsync<Guid>("Echo", made[1]),
                    };
                    return made.SequenceEqual(echoed) && made[0] != made[1] ? made[0] : Guid.Empty;
                })
                .AddActivityFunc<Guid, Guid>("Echo", (_, value) => value),
            replayed);

        var ids = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ => (await hub.RunAsync("Main")).ReadOutputAs<Guid>()));

        Assert.DoesNotContain(Guid.Empty, ids);
        Assert.Equal(3, ids.Distinct().Count());
    }

    public sealed class InMemory(HubFixture hubs) : CompositionTests(hubs, replayed: false);

    public sealed class Replayed(HubFixture hubs) : CompositionTests(hubs, replayed: true);
}
