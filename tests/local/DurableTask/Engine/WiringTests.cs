using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace WebHost.Local.DurableTask.Tests.Engine;

public sealed class WiringTests(HubFixture hubs)
{
    [Fact]
    public async Task Each_activity_runs_in_a_scope_of_its_own_that_ends_with_it()
    {
        var disposed = 0;
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Twice", async context => new[]
                {
                    await context.CallActivityAsync<Guid>(nameof(ScopeActivity)),
                    await context.CallActivityAsync<Guid>(nameof(ScopeActivity)),
                })
                .AddActivity<ScopeActivity>(),
            services: services => services.AddScoped(_ => new Scoped(() => Interlocked.Increment(ref disposed))));

        var ids = (await hub.RunAsync("Twice")).ReadOutputAs<Guid[]>()!;

        Assert.NotEqual(ids[0], ids[1]);
        Assert.Equal(2, disposed);
    }

    [Fact]
    public async Task Text_that_PostgreSQL_does_not_take_fails_the_orchestration_only()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Bad", context => context.CallSubOrchestratorAsync(
                    "Any", new SubOrchestrationOptions(instanceId: "nul \0 inside")))
                .AddOrchestratorFunc("Any", _ => Task.CompletedTask));

        var end = await hub.RunAsync("Bad");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.True((await hub.RunAsync("Any")).IsCompleted);
    }

    [Fact]
    public async Task Unusable_settings_and_arguments_are_named()
    {
        var options = await Assert.ThrowsAsync<ArgumentException>(
            () => hubs.StartAsync(_ => { }, hubName: "No; DROP TABLE"));
        Assert.Contains("HubName is 'No; DROP TABLE'", options.Message, StringComparison.Ordinal);

        await using var hub = await hubs.StartAsync(_ => { });
        await Assert.ThrowsAnyAsync<ArgumentException>(() => hub.StartAsync("Any", id: "line\nbreak"));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => hub.StartAsync(default));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => hub.Client.RaiseEventAsync("", "event"));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => hub.Client.GetInstanceAsync("", CancellationToken.None));
    }

    [Fact]
    public void Name_registered_twice_is_refused()
    {
        var registry = new DurableTaskRegistry().AddActivityFunc("Same", _ => Task.CompletedTask);

        Assert.Throws<ArgumentException>(() => registry.AddActivityFunc("SAME", _ => Task.CompletedTask));
    }

    internal sealed class Scoped(Action disposed) : IDisposable
    {
        public Guid Id { get; } = Guid.NewGuid();

        public void Dispose() => disposed();
    }

    internal sealed class ScopeActivity(Scoped scoped) : TaskActivity<object?, Guid>
    {
        public override Task<Guid> RunAsync(TaskActivityContext context, object? input) => Task.FromResult(scoped.Id);
    }
}
