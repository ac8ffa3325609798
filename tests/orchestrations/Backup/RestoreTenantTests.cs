using Microsoft.DurableTask.Client;
using WebHost.Backups;

namespace WebHost.Orchestrations.Tests.Backup;

public sealed class RestoreTenantTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    public static TheoryData<string> Steps => [.. RestoreTenant.Steps.Select(step => step.Name)];

    [Fact]
    public async Task It_runs_the_steps_that_its_operation_shows()
    {
        var script = new Script();

        var ended = await engine.RunAsync(nameof(RestoreTenant), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(RestoreTenant.Steps.Select(step => step.Name), script.Calls);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Step_that_is_refused_ends_the_restore_and_what_it_made_is_removed(string step)
    {
        var script = new Script().Refuses(step);

        var ended = await engine.RunAsync(nameof(RestoreTenant), script);

        var names = RestoreTenant.Steps.Select(planned => planned.Name).ToList();
        Assert.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus);
        Assert.Equal([.. names.Take(names.IndexOf(step) + 1), nameof(EndFailedRestore)], script.Calls);
    }
}
