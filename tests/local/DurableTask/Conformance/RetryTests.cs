using System.Collections.Concurrent;
using Microsoft.DurableTask;

namespace WebHost.Local.DurableTask.Tests.Conformance;

public abstract class RetryTests(HubFixture hubs, bool replayed)
{
    private readonly ConcurrentQueue<DateTime> _attempts = new();

    [Fact]
    public async Task Policy_repeats_until_an_attempt_succeeds()
    {
        await using var hub = await StartAsync(
            context => context.CallActivityAsync<int>("Fails3Times", Policy(new(5, TimeSpan.FromMilliseconds(10)))));

        Assert.Equal(4, (await hub.RunAsync("Try")).ReadOutputAs<int>());
    }

    [Fact]
    public async Task Policy_gives_up_after_its_attempts()
    {
        await using var hub = await StartAsync(
            context => context.CallActivityAsync<int>("Fails3Times", Policy(new(3, TimeSpan.FromMilliseconds(10)))));

        var end = await hub.RunAsync("Try");

        Assert.Equal("attempt 3", end.FailureDetails!.InnerFailure!.ErrorMessage);
        Assert.Equal(3, _attempts.Count);
    }

    [Fact]
    public async Task Policy_does_not_repeat_what_it_does_not_handle()
    {
        await using var hub = await StartAsync(context => context.CallActivityAsync<int>(
            "Fails3Times",
            Policy(new(10, TimeSpan.FromMilliseconds(10))
            {
                HandleFailure = failure => failure.ErrorMessage != "attempt 2",
            })));

        Assert.Equal("attempt 2", (await hub.RunAsync("Try")).FailureDetails!.InnerFailure!.ErrorMessage);
    }

    [Fact]
    public async Task Handler_decides_on_attempt_and_failure_and_may_wait()
    {
        await using var hub = await StartAsync(context => context.CallActivityAsync<int>(
            "Fails3Times",
            TaskOptions.FromRetryHandler(async retry =>
            {
                await retry.OrchestrationContext.CreateTimer(TimeSpan.FromMilliseconds(20), retry.CancellationToken);
                return retry.LastAttemptNumber < 10 && retry.LastFailure.IsCausedBy<InvalidOperationException>();
            })));

        Assert.Equal(4, (await hub.RunAsync("Try")).ReadOutputAs<int>());
    }

    [Fact]
    public async Task Sub_orchestration_is_repeated_too()
    {
        await using var hub = await hubs.StartAsync(
            registry => Register(registry, context => context.CallSubOrchestratorAsync<int>(
                "Child", Policy(new(5, TimeSpan.FromMilliseconds(10))))),
            replayed);

        Assert.Equal(4, (await hub.RunAsync("Try")).ReadOutputAs<int>());
    }

    private static TaskOptions Policy(RetryPolicy policy) => new(policy);

    private Task<TestHub> StartAsync(Func<TaskOrchestrationContext, Task<int>> orchestrator) =>
        hubs.StartAsync(registry => Register(registry, orchestrator), replayed);

    private void Register(DurableTaskRegistry registry, Func<TaskOrchestrationContext, Task<int>> orchestrator) => registry
        .AddOrchestratorFunc("Try", orchestrator)
        .AddOrchestratorFunc("Child", context => context.CallActivityAsync<int>("Fails3Times"))
        .AddActivityFunc<object?, int>("Fails3Times", (_, _) =>
        {
            _attempts.Enqueue(DateTime.UtcNow);
            return _attempts.Count > 3 ? _attempts.Count : throw new InvalidOperationException($"attempt {_attempts.Count}");
        });

    public sealed class InMemory(HubFixture hubs) : RetryTests(hubs, replayed: false);

    public sealed class Replayed(HubFixture hubs) : RetryTests(hubs, replayed: true);
}
