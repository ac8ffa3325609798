using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Conformance;

public abstract class LifecycleTests(HubFixture hubs, bool replayed)
{
    [Fact]
    public async Task Status_goes_from_running_to_completed()
    {
        await using var hub = await StartAsync();
        var id = await hub.StartAsync("Wait", "in");
        var running = await hub.Client.WaitForInstanceStartAsync(id, getInputsAndOutputs: true, CancellationToken.None);
        await hub.Client.RaiseEventAsync(id, "go", "out");
        var end = await hub.EndOfAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Running, running.RuntimeStatus);
        Assert.Equal("in", running.ReadInputAs<string>());
        Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
        Assert.Equal("out", end.ReadOutputAs<string>());
        Assert.InRange(end.LastUpdatedAt, end.CreatedAt, DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Fact]
    public async Task Event_before_the_time_to_start_waits_for_the_start()
    {
        await using var hub = await StartAsync();
        var id = await hub.Client.ScheduleNewOrchestrationInstanceAsync(
            "Wait", new StartOrchestrationOptions(StartAt: DateTimeOffset.UtcNow.AddSeconds(0.3)));

        await hub.Client.RaiseEventAsync(id, "go", "early");

        Assert.Equal("early", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Custom_status_is_seen_while_running_and_after()
    {
        await using var hub = await StartAsync();
        var id = await hub.StartAsync("Wait");
        await Eventually.IsTrueAsync(async () => (await hub.StateOfAsync(id)).ReadCustomStatusAs<string>() == "waiting");
        await hub.Client.RaiseEventAsync(id, "go", "x");

        Assert.Equal("went", (await hub.EndOfAsync(id)).ReadCustomStatusAs<string>());
    }

    [Fact]
    public async Task Metadata_without_data_refuses_to_be_read()
    {
        await using var hub = await StartAsync();
        var id = (await hub.RunAsync("Nothing")).InstanceId;

        var found = (await hub.Client.GetInstanceAsync(id, CancellationToken.None))!;

        Assert.Null(found.SerializedOutput);
        Assert.Throws<InvalidOperationException>(() => found.ReadOutputAs<string>());
        Assert.Null(await hub.Client.GetInstanceAsync("nobody", CancellationToken.None));
    }

    [Fact]
    public async Task Orchestrator_that_nobody_registered_fails()
    {
        await using var hub = await StartAsync();

        var end = await hub.RunAsync("Unheard");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal("OrchestratorTaskNotFound", end.FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task Id_that_runs_cannot_be_started_again()
    {
        await using var hub = await StartAsync();
        var id = await hub.StartAsync("Wait", id: "same");

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => hub.StartAsync("Wait", id: "same"));

        await hub.Client.RaiseEventAsync(id, "go", "first");
        Assert.Equal("first", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Ten_starts_of_one_id_at_once_make_one_orchestration()
    {
        await using var hub = await StartAsync();

        var starts = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            try
            {
                await hub.StartAsync("Wait", i, "same");
                return i;
            }
            catch (OrchestrationAlreadyExistsException)
            {
                return -1;
            }
        }));

        Assert.Equal(Assert.Single(starts, start => start >= 0), (await hub.StateOfAsync("same")).ReadInputAs<int>());
    }

    [Fact]
    public async Task Id_that_has_ended_can_be_started_again_with_a_clean_slate()
    {
        await using var hub = await StartAsync();
        var id = await hub.StartAsync("Wait", id: "same");
        await hub.Client.RaiseEventAsync(id, "go", "first");
        await hub.EndOfAsync(id);

        await hub.StartAsync("Wait", "second", "same");
        await hub.Client.RaiseEventAsync(id, "go", "again");

        var end = await hub.EndOfAsync(id);
        Assert.Equal(("second", "again"), (end.ReadInputAs<string>(), end.ReadOutputAs<string>()));
    }

    [Fact]
    public async Task Id_that_has_ended_is_refused_when_asked_to()
    {
        await using var hub = await StartAsync();
        await hub.RunAsync("Nothing", id: "same");

        var options = new StartOrchestrationOptions("same").WithDedupeStatuses(OrchestrationRuntimeStatus.Completed);

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(
            () => hub.Client.ScheduleNewOrchestrationInstanceAsync("Nothing", options));
    }

    [Fact]
    public async Task Suspended_orchestration_does_nothing_until_resumed_and_loses_nothing()
    {
        await using var hub = await StartAsync();
        var id = await hub.StartAsync("Wait");
        await hub.Client.WaitForInstanceStartAsync(id, CancellationToken.None);

        await hub.Client.SuspendInstanceAsync(id, "maintenance");
        await hub.Client.RaiseEventAsync(id, "go", "held");
        await Eventually.IsTrueAsync(
            async () => (await hub.StateOfAsync(id)).RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        Assert.False((await hub.StateOfAsync(id)).IsCompleted);
        await hub.Client.ResumeInstanceAsync(id);

        Assert.Equal("held", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Resumed_orchestration_runs_again()
    {
        await using var hub = await StartAsync();
        var id = await hub.StartAsync("Wait");
        await hub.Client.SuspendInstanceAsync(id);
        await Eventually.IsTrueAsync(
            async () => (await hub.StateOfAsync(id)).RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        await hub.Client.ResumeInstanceAsync(id);
        await Eventually.IsTrueAsync(
            async () => (await hub.StateOfAsync(id)).RuntimeStatus == OrchestrationRuntimeStatus.Running);
        await hub.Client.RaiseEventAsync(id, "go", "on");

        Assert.Equal("on", (await hub.EndOfAsync(id)).ReadOutputAs<string>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Terminated_orchestration_ends_with_the_output_given_also_when_suspended(bool suspended)
    {
        await using var hub = await StartAsync();
        var id = await hub.StartAsync("Wait");
        if (suspended)
        {
            await hub.Client.SuspendInstanceAsync(id);
        }

        await hub.Client.TerminateInstanceAsync(id, "enough");
        var end = await hub.EndOfAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, end.RuntimeStatus);
        Assert.Equal("enough", end.ReadOutputAs<string>());
    }

    [Theory]
    [InlineData(true, OrchestrationRuntimeStatus.Terminated)]
    [InlineData(false, OrchestrationRuntimeStatus.Running)]
    public async Task Termination_reaches_sub_orchestrations_when_recursive(bool recursive, OrchestrationRuntimeStatus expected)
    {
        await using var hub = await StartAsync();
        await hub.StartAsync("Family", 2, "top");
        await hub.Client.WaitForInstanceStartAsync("top-", CancellationToken.None);
        await hub.Client.WaitForInstanceStartAsync("top--", CancellationToken.None);

        await hub.Client.TerminateInstanceAsync("top", new TerminateInstanceOptions("stop", recursive));
        await hub.EndOfAsync("top");
        if (recursive)
        {
            await hub.EndOfAsync("top--");
        }

        Assert.Equal(expected, (await hub.StateOfAsync("top-")).RuntimeStatus);
        Assert.Equal(expected, (await hub.StateOfAsync("top--")).RuntimeStatus);
    }

    [Fact]
    public async Task Purge_deletes_what_has_ended_and_nothing_else()
    {
        await using var hub = await StartAsync();
        await hub.RunAsync("Nothing", id: "ended");
        await hub.StartAsync("Wait", id: "running");

        Assert.Equal(1, (await hub.Client.PurgeInstanceAsync("ended")).PurgedInstanceCount);
        Assert.Equal(0, (await hub.Client.PurgeInstanceAsync("running")).PurgedInstanceCount);
        Assert.Equal(0, (await hub.Client.PurgeInstanceAsync("nobody")).PurgedInstanceCount);

        Assert.Null(await hub.Client.GetInstanceAsync("ended", CancellationToken.None));
        Assert.NotNull(await hub.Client.GetInstanceAsync("running", CancellationToken.None));
    }

    [Fact]
    public async Task Purge_takes_sub_orchestrations_along_when_recursive()
    {
        await using var hub = await StartAsync();
        await hub.StartAsync("Family", 1, "top");
        await hub.Client.WaitForInstanceStartAsync("top-", CancellationToken.None);
        await hub.Client.TerminateInstanceAsync("top", new TerminateInstanceOptions(null, Recursive: true));
        await hub.EndOfAsync("top-");

        Assert.Equal(2, (await hub.Client.PurgeInstanceAsync("top", new PurgeInstanceOptions(true))).PurgedInstanceCount);
        Assert.Null(await hub.Client.GetInstanceAsync("top-", CancellationToken.None));
    }

    [Fact]
    public async Task Purge_by_filter_keeps_what_does_not_match()
    {
        await using var hub = await StartAsync();
        await hub.RunAsync("Nothing", id: "fine");
        await hub.RunAsync("Unheard", id: "failed");

        var purged = await hub.Client.PurgeAllInstancesAsync(
            new PurgeInstancesFilter(DateTimeOffset.UtcNow.AddHours(-1), Statuses: [OrchestrationRuntimeStatus.Failed]));

        Assert.Equal(1, purged.PurgedInstanceCount);
        Assert.NotNull(await hub.Client.GetInstanceAsync("fine", CancellationToken.None));
    }

    [Fact]
    public async Task Query_filters_by_status_prefix_and_time_and_pages_without_gaps()
    {
        await using var hub = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 23).Select(i => hub.RunAsync("Nothing", id: $"a{i:00}")));
        await hub.RunAsync("Unheard", id: "a-failed");
        await hub.RunAsync("Nothing", id: "b_1%");

        var pages = new List<Page<OrchestrationMetadata>>();
        var query = new OrchestrationQuery(
            CreatedFrom: DateTimeOffset.UtcNow.AddHours(-1),
            Statuses: [OrchestrationRuntimeStatus.Completed],
            InstanceIdPrefix: "a",
            PageSize: 10);
        await foreach (var page in hub.Client.GetAllInstancesAsync(query).AsPages())
        {
            pages.Add(page);
        }

        Assert.Equal([10, 10, 3], pages.Select(page => page.Values.Count));
        Assert.Equal(
            Enumerable.Range(0, 23).Select(i => $"a{i:00}"),
            pages.SelectMany(page => page.Values).Select(found => found.InstanceId).Order(StringComparer.Ordinal));
        Assert.Empty(await ListAsync(hub, new OrchestrationQuery(CreatedFrom: DateTimeOffset.UtcNow.AddHours(1))));
        Assert.Equal(["b_1%"], await ListAsync(hub, new OrchestrationQuery(InstanceIdPrefix: "b_")));
        Assert.Equal(25, (await ListAsync(hub, null)).Count);
    }

    [Fact]
    public async Task Query_goes_on_from_a_continuation_token()
    {
        await using var hub = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => hub.RunAsync("Nothing", id: $"i{i}")));
        Page<OrchestrationMetadata>? first = null;
        await foreach (var page in hub.Client.GetAllInstancesAsync(new OrchestrationQuery(PageSize: 2)).AsPages())
        {
            first = page;
            break;
        }

        var rest = await ListAsync(hub, new OrchestrationQuery(ContinuationToken: first!.ContinuationToken));

        Assert.Equal(3, rest.Count);
        Assert.Empty(rest.Intersect(first.Values.Select(found => found.InstanceId)));
    }

    private static async Task<List<string>> ListAsync(TestHub hub, OrchestrationQuery? query)
    {
        var ids = new List<string>();
        await foreach (var found in hub.Client.GetAllInstancesAsync(query))
        {
            ids.Add(found.InstanceId);
        }

        return ids;
    }

    private Task<TestHub> StartAsync() => hubs.StartAsync(
        registry => registry
            .AddOrchestratorFunc("Nothing", _ => Task.CompletedTask)
            .AddOrchestratorFunc("Wait", async context =>
            {
                context.SetCustomStatus("waiting");
                var said = await context.WaitForExternalEvent<string>("go");
                context.SetCustomStatus("went");
                return said;
            })
            .AddOrchestratorFunc<int>("Family", async (context, depth) =>
            {
                if (depth > 0)
                {
                    await context.CallSubOrchestratorAsync(
                        "Family", depth - 1, new SubOrchestrationOptions(instanceId: $"{context.InstanceId}-"));
                }

                await context.WaitForExternalEvent<string>("never");
            }),
        replayed);

    public sealed class InMemory(HubFixture hubs) : LifecycleTests(hubs, replayed: false);

    public sealed class Replayed(HubFixture hubs) : LifecycleTests(hubs, replayed: true);
}
