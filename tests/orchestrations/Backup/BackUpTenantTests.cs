using Microsoft.DurableTask.Client;
using WebHost.Backups;

namespace WebHost.Orchestrations.Tests.Backup;

public sealed class BackUpTenantTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    public static TheoryData<string> Steps => [.. BackUpTenant.Steps.Select(step => step.Name)];

    [Fact]
    public async Task It_runs_the_steps_that_its_operation_shows()
    {
        var script = new Script();

        var ended = await engine.RunAsync(nameof(BackUpTenant), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(BackUpTenant.Steps.Select(step => step.Name), script.Calls);
    }

    [Fact]
    public async Task It_waits_until_the_tenant_is_settled()
    {
        var script = new Script().Waits(nameof(AwaitSettled), 3);

        await engine.RunAsync(nameof(BackUpTenant), script);

        Assert.Equal(4, script.Calls.Count(call => call == nameof(AwaitSettled)));
        Assert.Equal(nameof(PruneBackups), script.Calls[^1]);
    }

    [Fact]
    public async Task It_gives_up_on_a_tenant_that_never_settles_and_copies_nothing()
    {
        var script = new Script().Waits(nameof(AwaitSettled), 1_000);

        await engine.RunAsync(nameof(BackUpTenant), script, deadline: TimeSpan.FromMilliseconds(200));

        Assert.DoesNotContain(nameof(CopyBackup), script.Calls);
        Assert.Equal(nameof(EndFailedBackup), script.Calls[^1]);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Step_that_is_refused_ends_the_backup_and_calls_none_that_follow(string step)
    {
        var script = new Script().Refuses(step);

        var ended = await engine.RunAsync(nameof(BackUpTenant), script);

        var names = BackUpTenant.Steps.Select(planned => planned.Name).ToList();
        Assert.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus);
        Assert.Equal([.. names.Take(names.IndexOf(step) + 1), nameof(EndFailedBackup)], script.Calls);
    }

    [Fact]
    public async Task Proof_that_is_refused_is_told()
    {
        var script = new Script().Refuses(nameof(RestoreOnScratch));

        var ended = await engine.RunAsync(nameof(ProveBackup), script);

        Assert.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus);
        Assert.Equal([nameof(RestoreOnScratch), nameof(EndFailedProof)], script.Calls);
    }
}
