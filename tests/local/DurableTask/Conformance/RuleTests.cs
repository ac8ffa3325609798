using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace WebHost.Local.DurableTask.Tests.Conformance;

/// <summary>What an orchestrator may not do, and how it is told.</summary>
public abstract class RuleTests(HubFixture hubs, bool replayed)
{
    [Fact]
    public async Task Awaiting_a_delay_fails_the_orchestration_and_is_named()
    {
        var end = await BreakAsync(async context =>
        {
            await context.CallActivityAsync<int>("One");
            await Task.Delay(50);
        });

        Assert.Contains("Task.Delay", end.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("'Breaker'", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("'One' (#0)", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains(nameof(RuleTests), end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Awaiting_a_delay_in_a_method_of_its_own_names_the_method()
    {
        var end = await BreakAsync(_ => SleepAsync());

        Assert.Contains(
            $"Task.Delay, in {nameof(RuleTests)}.{nameof(SleepAsync)}", end.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaving_the_orchestrators_thread_fails_the_orchestration() =>
        await BreakAsync(async context =>
        {
            await Task.Run(() => { }).ConfigureAwait(false);
            await context.CallActivityAsync<int>("One");
        });

    [Fact]
    public async Task Finishing_on_another_thread_fails_the_orchestration() =>
        await BreakAsync(async _ => await Task.Delay(20).ConfigureAwait(false));

    [Fact]
    public async Task Racing_a_timer_of_the_context_with_a_delay_fails_the_orchestration() =>
        await BreakAsync(async context =>
        {
            await Task.WhenAny(context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None), Task.Delay(50));
        });

    [Fact]
    public async Task Waiting_for_what_can_never_come_fails_the_orchestration() =>
        await BreakAsync(_ => new TaskCompletionSource().Task);

    [Fact]
    public async Task Code_that_calls_something_else_than_history_says_fails_naming_both()
    {
        var name = hubs.NewHubName();
        await using (var before = await hubs.StartAsync(
            registry => Register(registry, context => context.CallActivityAsync<int>("One")), replayed, name))
        {
            await before.StartAsync("Changing", id: "changed");
            await WebHost.Testing.Eventually.IsTrueAsync(
                async () => (await before.StateOfAsync("changed")).ReadCustomStatusAs<string>() == "called");
        }

        await using var after = await hubs.StartAsync(
            registry => Register(registry, context => context.CallActivityAsync<int>("Two")), replayed, name);
        await after.Client.RaiseEventAsync("changed", "go", "");
        var end = await after.EndOfAsync("changed");

        Assert.Equal("DurableTask.Core.Exceptions.NonDeterministicOrchestrationException", end.FailureDetails!.ErrorType);
        Assert.Contains("expects activity 'One' (#0)", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("asked for activity 'Two' (#0)", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Orchestration_goes_on_where_it_was_when_the_process_is_replaced()
    {
        var name = hubs.NewHubName();
        await using (var before = await hubs.StartAsync(
            registry => Register(registry, context => context.CallActivityAsync<int>("One")), replayed, name))
        {
            await before.StartAsync("Changing", id: "moved");
            await WebHost.Testing.Eventually.IsTrueAsync(
                async () => (await before.StateOfAsync("moved")).ReadCustomStatusAs<string>() == "called");
        }

        await using var after = await hubs.StartAsync(
            registry => Register(registry, context => context.CallActivityAsync<int>("One")), replayed, name);
        await after.Client.RaiseEventAsync("moved", "go", "");

        Assert.Equal(1, (await after.EndOfAsync("moved")).ReadOutputAs<int>());
    }

    [Fact]
    public async Task Replay_safe_logger_says_everything_once()
    {
        using var log = new CollectedLog();
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Talk", async context =>
                {
                    var logger = context.CreateReplaySafeLogger("orchestrator");
                    for (var i = 0; i < 3; i++)
                    {
                        logger.Say(i);
                        await context.CallActivityAsync<int>("One");
                    }
                })
                .AddActivityFunc<object?, int>("One", (_, _) => 1),
            replayed,
            logging: log);

        await hub.RunAsync("Talk");

        Assert.Equal(["step 0", "step 1", "step 2"], log.Of("orchestrator"));
    }

    private static async Task SleepAsync() => await Task.Delay(50);

    private static void Register(DurableTaskRegistry registry, Func<TaskOrchestrationContext, Task<int>> call) => registry
        .AddOrchestratorFunc("Changing", async context =>
        {
            var answer = await call(context);
            context.SetCustomStatus("called");
            await context.WaitForExternalEvent<string>("go");
            return answer;
        })
        .AddActivityFunc<object?, int>("One", (_, _) => 1)
        .AddActivityFunc<object?, int>("Two", (_, _) => 2);

    private async Task<OrchestrationMetadata> BreakAsync(Func<TaskOrchestrationContext, Task> orchestrator)
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Breaker", orchestrator)
                .AddActivityFunc<object?, int>("One", (_, _) => 1),
            replayed);
        var end = await hub.RunAsync("Breaker");
        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal(typeof(InvalidOperationException).FullName, end.FailureDetails!.ErrorType);
        return end;
    }

    public sealed class InMemory(HubFixture hubs) : RuleTests(hubs, replayed: false);

    public sealed class Replayed(HubFixture hubs) : RuleTests(hubs, replayed: true);
}
