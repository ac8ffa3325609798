using Microsoft.DurableTask.Client;
using WebHost.Emergency;

namespace WebHost.Orchestrations.Tests.Emergency;

public sealed class FailOverServerTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    [Fact]
    public async Task Server_is_closed_and_its_tenants_are_looked_at_until_all_are_restored()
    {
        var script = new Script().Waits(nameof(FailOverTenants), 3);

        var ended = await engine.RunAsync(nameof(FailOverServer), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal([nameof(CloseServer), .. Looks(4)], script.Calls);
        Assert.Equal(FailOverServer.Steps.Select(step => step.Name), script.Calls.Distinct());
    }

    [Fact]
    public async Task Looking_goes_on_when_a_look_fails_as_often_as_it_may()
    {
        // Twice the attempts of a step, twice.
        var script = new Script().Fails(nameof(FailOverTenants), 12).Refuses(nameof(FailOverTenants));

        var ended = await engine.RunAsync(nameof(FailOverServer), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal([nameof(CloseServer), .. Looks(14)], script.Calls);
    }

    [Fact]
    public async Task Looking_begins_a_new_history_after_a_hundred_looks_and_closes_the_server_once()
    {
        var script = new Script().Waits(nameof(FailOverTenants), 102);

        var instanceId = await engine.StartAsync(nameof(FailOverServer), script);
        var ended = await engine.EndOfAsync(instanceId);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal([nameof(CloseServer), .. Looks(103)], script.Calls);
        Assert.Equal(2, (await engine.ExportAsync(instanceId)).Split("\"fired\"").Length - 1);
    }

    [Fact]
    public async Task Closing_the_server_is_tried_until_it_is_closed()
    {
        var script = new Script().Fails(nameof(CloseServer), 6).Refuses(nameof(CloseServer));

        var ended = await engine.RunAsync(nameof(FailOverServer), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal([.. Enumerable.Repeat(nameof(CloseServer), 8), nameof(FailOverTenants)], script.Calls);
    }

    [Fact]
    public async Task Tenants_wait_until_the_server_takes_no_more()
    {
        var script = new Script().Fails(nameof(CloseServer), 2);

        await engine.RunAsync(nameof(FailOverServer), script);

        Assert.Equal([.. Enumerable.Repeat(nameof(CloseServer), 3), nameof(FailOverTenants)], script.Calls);
    }

    private static IEnumerable<string> Looks(int count) => Enumerable.Repeat(nameof(FailOverTenants), count);
}
