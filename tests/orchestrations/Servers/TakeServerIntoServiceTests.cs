using Microsoft.DurableTask.Client;
using WebHost.Servers;

namespace WebHost.Orchestrations.Tests.Servers;

public sealed class TakeServerIntoServiceTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    public static TheoryData<string> Steps => [.. TakeServerIntoService.Steps.Select(step => step.Name)];

    public static TheoryData<string> Waiting =>
        [nameof(PlaceOrder), nameof(AwaitDelivery), nameof(SetFirewall), nameof(AwaitInstallation)];

    [Fact]
    public async Task It_runs_the_steps_that_its_operation_shows()
    {
        var script = new Script();

        var ended = await engine.RunAsync(nameof(TakeServerIntoService), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(TakeServerIntoService.Steps.Select(step => step.Name), script.Calls);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Step_that_is_refused_ends_the_order_and_calls_none_that_follow(string step)
    {
        var script = new Script().Refuses(step);

        var ended = await engine.RunAsync(nameof(TakeServerIntoService), script);

        var names = TakeServerIntoService.Steps.Select(planned => planned.Name).ToList();
        Assert.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus);
        Assert.Equal([.. names.Take(names.IndexOf(step) + 1), nameof(EndFailedOrder)], script.Calls);
    }

    [Theory]
    [MemberData(nameof(Waiting))]
    public async Task Step_that_waits_is_looked_at_until_it_is_done(string step)
    {
        var script = new Script().Waits(step, 3);

        var ended = await engine.RunAsync(nameof(TakeServerIntoService), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(4, script.Calls.Count(call => call == step));
    }

    [Theory]
    [MemberData(nameof(Waiting))]
    public async Task Step_that_waits_past_its_deadline_ends_the_order(string step)
    {
        var script = new Script().Waits(step, 1_000);

        var ended = await engine.RunAsync(nameof(TakeServerIntoService), script, deadline: TimeSpan.FromMilliseconds(200));

        Assert.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus);
        Assert.Equal(nameof(EndFailedOrder), script.Calls[^1]);
    }
}
