using Microsoft.DurableTask.Client;
using WebHost.Operations;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Orchestrations.Tests.Provisioning;

public sealed class ProvisionTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    public static TheoryData<string> OnHetzner => [.. ProvisionOnHetzner.Steps.Select(step => step.Name)];

    public static TheoryData<string> OnFly => [.. ProvisionOnFly.Steps.Select(step => step.Name)];

    [Fact]
    public Task ProvisionOnHetzner_runs_the_steps_that_its_operation_shows() =>
        RunsItsStepsAsync(nameof(ProvisionOnHetzner), ProvisionOnHetzner.Steps);

    [Fact]
    public Task ProvisionOnFly_runs_the_steps_that_its_operation_shows() =>
        RunsItsStepsAsync(nameof(ProvisionOnFly), ProvisionOnFly.Steps);

    [Theory]
    [MemberData(nameof(OnHetzner))]
    public Task ProvisionOnHetzner_whose_step_is_refused_takes_back_what_was_begun_in_reverse(string step) =>
        TakesBackAsync(nameof(ProvisionOnHetzner), ProvisionOnHetzner.Steps, step);

    [Theory]
    [MemberData(nameof(OnFly))]
    public Task ProvisionOnFly_whose_step_is_refused_takes_back_what_was_begun_in_reverse(string step) =>
        TakesBackAsync(nameof(ProvisionOnFly), ProvisionOnFly.Steps, step);

    [Fact]
    public async Task Step_that_fails_is_tried_again_until_it_succeeds()
    {
        var script = new Script().Fails(nameof(CreateVolume), 2);

        var ended = await engine.RunAsync(nameof(ProvisionOnFly), script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(3, script.Calls.Count(call => call == nameof(CreateVolume)));
    }

    [Fact]
    public async Task Step_that_fails_as_often_as_it_may_ends_the_provisioning_with_its_reason()
    {
        var script = new Script().Fails(nameof(CreateVolume), 3);

        var ended = await engine.RunAsync(nameof(ProvisionOnFly), script);

        Assert.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus);
        Assert.Contains("CreateVolume broke.", ended.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("Undo" + nameof(CreateVolume), script.Calls);
    }

    [Fact]
    public async Task Step_that_cannot_be_taken_back_does_not_keep_the_others_from_it()
    {
        var script = new Script()
            .Refuses(nameof(StartDatabase)).Fails("Undo" + nameof(CreateVolume), 100);

        await engine.RunAsync(nameof(ProvisionOnFly), script);

        Assert.Equal(6, script.Calls.Count(call => call == "Undo" + nameof(CreateVolume)));
        Assert.Contains("Undo" + nameof(CreateApps), script.Calls);
        Assert.Equal(nameof(FailedProvisioning.EndTakingBack), script.Calls[^1]);
    }

    [Fact]
    public async Task Tenant_without_a_slot_waits_until_one_is_offered_and_looks_again_each_time()
    {
        var script = new Script().Waits(nameof(ReserveSlot), 2);
        var instanceId = await engine.StartAsync(nameof(ProvisionOnHetzner), script);

        await engine.Client.RaiseEventAsync(instanceId, ProvisionOnHetzner.SlotOffered);
        await engine.Client.RaiseEventAsync(instanceId, ProvisionOnHetzner.SlotOffered);
        var ended = await engine.EndOfAsync(instanceId);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(3, script.Calls.Count(call => call == nameof(ReserveSlot)));
    }

    private async Task RunsItsStepsAsync(string orchestrator, IReadOnlyList<PlannedStep> steps)
    {
        var script = new Script();

        var ended = await engine.RunAsync(orchestrator, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(steps.Select(step => step.Name), script.Calls);
    }

    private async Task TakesBackAsync(string orchestrator, IReadOnlyList<PlannedStep> steps, string refused)
    {
        var script = new Script().Refuses(refused);
        var begun = steps.Select(step => step.Name).TakeWhile(step => step != refused).Append(refused).ToList();

        var ended = await engine.RunAsync(orchestrator, script);

        Assert.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus);
        Assert.Equal(
            [
                .. begun,
                nameof(FailedProvisioning.BeginTakingBack),
                .. begun.Select(step => "Undo" + step).Reverse().Where(ScriptedEngine.Activities.Contains),
                nameof(FailedProvisioning.EndTakingBack),
            ],
            script.Calls);
    }
}
