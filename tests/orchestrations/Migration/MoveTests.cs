using Microsoft.DurableTask.Client;
using WebHost.Migration;
using WebHost.Plans;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Orchestrations.Tests.Migration;

public sealed class MoveTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    // Steps that make or change nothing for which a home would have to be taken back.
    private static readonly string[] LeaveNothing =
        [nameof(AssignAddresses), nameof(StartReplicas), nameof(PrepareDatabase), nameof(RequestCertificate)];

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    public static TheoryData<bool> Ways => [true, false];

    public static TheoryData<bool, string> StepsThatCanFail =>
        [.. StepsOfUpgrade.Select(step => (true, step.Data)), .. StepsOfDowngrade.Select(step => (false, step.Data))];

    public static TheoryData<string> StepsOfUpgrade => [.. StepsOf(Input(up: true)).SkipLast(1)];

    public static TheoryData<string> StepsOfDowngrade => [.. StepsOf(Input(up: false)).SkipLast(1)];

    public static TheoryData<string> StepsThatWait => [nameof(AwaitTurn), nameof(KeepSource), nameof(ReserveSlot)];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Move_runs_the_parts_that_its_operation_shows_and_removes_the_source(bool up)
    {
        var script = new Script();
        var input = Input(up);

        var ended = await RunAsync(input, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(
            [
                .. StepsOf(input).SkipLast(1),
                nameof(MoveEnds.BeginRemoving),
                .. Undoing(MakingOf(input.Source.Provider)),
                nameof(RemoveSource),
            ],
            Without(script, nameof(MoveEnds.IsWanted)));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Move_makes_the_target_and_removes_the_source_under_the_operation_that_made_it(bool up)
    {
        var script = new Script();
        var input = Input(up);
        var (making, made) = (MakingOf(input.Target.Provider), MakingOf(input.Source.Provider));

        await RunAsync(input, script);

        Assert.All(
            making.SelectMany(script.InputsOf<ProvisioningInput>),
            given => Assert.Equal(new ProvisioningInput(input.OperationId, input.TenantId, input.Target.Home, input.Retries), given));
        Assert.All(
            Undoing(made).SelectMany(script.InputsOf<ProvisioningInput>),
            given => Assert.Equal(new ProvisioningInput(input.Source.MadeBy, input.TenantId, input.Source.Home, input.Retries), given));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Move_looks_whether_it_is_wanted_before_every_step(bool up)
    {
        var script = new Script();
        var input = Input(up);

        await RunAsync(input, script);

        Assert.Equal(
            StepsOf(input).SkipLast(1).Select(step => (nameof(MoveEnds.IsWanted), step)),
            script.Calls.TakeWhile(call => call != nameof(MoveEnds.BeginRemoving)).Chunk(2).Select(pair => (pair[0], pair[1])));
    }

    [Theory]
    [MemberData(nameof(StepsThatCanFail))]
    public async Task Move_whose_refused_step_nobody_has_tried_again_takes_back_what_was_begun_in_reverse(bool up, string step)
    {
        var script = new Script().Refuses(step);
        var input = Input(up, Soon);

        var ended = await RunAsync(input, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(
            [.. UpTo(input, step), nameof(MoveEnds.NoteStalled), .. TakingBack(input, step)],
            Without(script, nameof(MoveEnds.IsWanted)));
        AssertFailedAt(script, step, $"{step} was refused.");
    }

    [Theory]
    [MemberData(nameof(StepsOfDowngrade))]
    public async Task Move_whose_step_ends_for_good_waits_for_nobody_and_takes_back_what_was_begun(string step)
    {
        var script = new Script().Ends(step);
        var input = Input(up: false);

        await RunAsync(input, script);

        Assert.Equal([.. UpTo(input, step), .. TakingBack(input, step)], Without(script, nameof(MoveEnds.IsWanted)));
        AssertFailedAt(script, step, $"{step} is over.");
    }

    [Theory]
    [MemberData(nameof(StepsOfUpgrade))]
    public async Task Move_that_is_not_wanted_before_a_step_never_begins_the_step(string step)
    {
        var input = Input(up: true);
        var before = UpTo(input, step).SkipLast(1).ToList();
        var script = new Script().Agrees(nameof(MoveEnds.IsWanted), before.Count).Waits(nameof(MoveEnds.IsWanted));

        await RunAsync(input, script);

        Assert.Equal(
            [.. before, .. TakingBack(input, before.Count == 0 ? null : before[^1])],
            Without(script, nameof(MoveEnds.IsWanted)));
        Assert.Null(Assert.Single(script.InputsOf<MoveFailure>(nameof(MoveEnds.EndUndone))).Step);
    }

    [Theory]
    [MemberData(nameof(StepsThatCanFail))]
    public async Task Move_whose_place_a_failover_takes_before_a_step_ends_and_undoes_nothing(bool up, string step)
    {
        var input = Input(up);
        var before = UpTo(input, step).SkipLast(1).ToList();
        var script = new Script()
            .Agrees(nameof(MoveEnds.IsWanted), before.Count).Waits(nameof(MoveEnds.IsWanted)).Supersedes(nameof(MoveEnds.BeginUndoing));

        var ended = await RunAsync(input, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(
            [.. before, nameof(MoveEnds.BeginUndoing), nameof(MoveEnds.EndSuperseded)], Without(script, nameof(MoveEnds.IsWanted)));
        Assert.Equal([input], script.InputsOf<MoveInput>(nameof(MoveEnds.EndSuperseded)));
    }

    [Fact]
    public async Task Move_whose_place_a_failover_takes_on_the_way_back_ends_and_undoes_nothing()
    {
        var input = Input(up: true);
        var script = new Script()
            .Ends(nameof(CompareHomes)).Waits(nameof(MoveEnds.BeginUndoing)).Fails(nameof(GoBack), 1).Supersedes(nameof(GoBack));

        await RunAsync(input, script);

        Assert.Equal(
            [nameof(MoveEnds.BeginUndoing), nameof(GoBack), nameof(GoBack), nameof(MoveEnds.EndSuperseded)],
            Without(script, nameof(MoveEnds.IsWanted)).SkipWhile(call => call != nameof(MoveEnds.BeginUndoing)));
    }

    [Theory]
    [InlineData(MoveState.Copying, nameof(AnalyseUsage))]
    [InlineData(MoveState.Switching, nameof(SwitchOver))]
    [InlineData(MoveState.Switched, nameof(PointHostname))]
    [InlineData(MoveState.Verified, nameof(KeepSource))]
    [InlineData(MoveState.CleaningUp, nameof(RemoveSource))]
    [InlineData(MoveState.Committed, nameof(RemoveSource))]
    public async Task Move_whose_orchestration_died_goes_on_with_the_steps_of_the_state_that_it_is_in(MoveState state, string step)
    {
        var input = Input(up: true) with { Resumes = true };
        var script = new Script().Finds(nameof(MoveEnds.FindReached), state);

        await RunAsync(input, script);

        Assert.Equal(
            [nameof(MoveEnds.FindReached), .. StepsOf(input).SkipWhile(name => name != step).SkipLast(1), nameof(MoveEnds.BeginRemoving)],
            Without(script, nameof(MoveEnds.IsWanted)).TakeWhile(call => !call.StartsWith("Undo", StringComparison.Ordinal)));
        Assert.Equal(nameof(RemoveSource), script.Calls[^1]);
    }

    [Theory]
    [InlineData(MoveState.Copying)]
    [InlineData(MoveState.Switched)]
    [InlineData(MoveState.GoingBack)]
    [InlineData(MoveState.Undoing)]
    public async Task Move_that_goes_on_and_is_not_wanted_takes_back_what_the_orchestration_that_died_had_made(MoveState state)
    {
        var input = Input(up: true) with { Resumes = true };
        var script = new Script().Finds(nameof(MoveEnds.FindReached), state).Waits(nameof(MoveEnds.IsWanted));

        await RunAsync(input, script);

        Assert.Equal(
            [nameof(MoveEnds.FindReached), .. TakingBack(input, nameof(CompareHomes))], Without(script, nameof(MoveEnds.IsWanted)));
    }

    [Theory]
    [MemberData(nameof(StepsOfDowngrade))]
    public async Task Step_that_fails_as_often_as_it_may_is_tried_again_when_somebody_wakes_it(string step)
    {
        var script = new Script().Fails(step, 3);
        var input = Input(up: false);

        var instanceId = await engine.StartAsync(input, script);
        await engine.Client.RaiseEventAsync(instanceId, MoveTenant.Wake);
        var ended = await engine.EndOfAsync(instanceId);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(4, script.Calls.Count(call => call == step));
        Assert.Equal(nameof(RemoveSource), script.Calls[^1]);
        Assert.DoesNotContain(nameof(MoveEnds.BeginUndoing), script.Calls);
    }

    [Fact]
    public async Task Move_that_is_given_up_while_a_failed_step_waits_is_taken_back_when_woken()
    {
        var input = Input(up: true);
        var script = new Script()
            .Refuses(nameof(AnalyseUsage)).Agrees(nameof(MoveEnds.IsWanted), 1).Waits(nameof(MoveEnds.IsWanted));

        var instanceId = await engine.StartAsync(input, script);
        await engine.Client.RaiseEventAsync(instanceId, MoveTenant.Wake);
        await engine.EndOfAsync(instanceId);

        Assert.Equal(1, script.Calls.Count(call => call == nameof(AnalyseUsage)));
        Assert.Null(Assert.Single(script.InputsOf<MoveFailure>(nameof(MoveEnds.EndUndone))).Step);
    }

    [Theory]
    [InlineData(nameof(PointHostname))]
    [InlineData(nameof(VerifyHome))]
    [InlineData(nameof(ProbeTarget))]
    [InlineData(nameof(CompareHomes))]
    public async Task Failure_behind_the_switch_brings_the_tenant_and_its_hostname_back_before_the_target_goes(string step)
    {
        var input = Input(up: true);
        var script = new Script().Ends(step).Waits(nameof(MoveEnds.BeginUndoing));

        await RunAsync(input, script);

        Assert.Equal(
            [
                .. UpTo(input, step),
                nameof(MoveEnds.BeginUndoing),
                nameof(GoBack),
                nameof(PointHostname),
                .. TakingBack(input, step),
            ],
            Without(script, nameof(MoveEnds.IsWanted)));
        Assert.Equal(
            [input.Target.Home, input.Source.Home],
            script.InputsOf<ProvisioningInput>(nameof(PointHostname)).Select(given => given.Home));
    }

    [Fact]
    public async Task Move_that_is_committed_while_the_way_back_is_tried_keeps_the_tenant_and_removes_the_source()
    {
        var input = Input(up: true);
        var script = new Script()
            .Ends(nameof(CompareHomes)).Waits(nameof(MoveEnds.BeginUndoing)).Waits(nameof(GoBack));

        await RunAsync(input, script);

        Assert.Equal(
            [
                .. UpTo(input, nameof(CompareHomes)), nameof(MoveEnds.BeginUndoing), nameof(GoBack), nameof(PointHostname),
                nameof(MoveEnds.BeginRemoving), .. Undoing(MakingOf(input.Source.Provider)), nameof(RemoveSource),
            ],
            Without(script, nameof(MoveEnds.IsWanted)));
        Assert.Equal(
            [input.Target.Home, input.Target.Home],
            script.InputsOf<ProvisioningInput>(nameof(PointHostname)).Select(given => given.Home));
    }

    [Fact]
    public async Task Way_back_is_tried_until_it_is_gone()
    {
        var input = Input(up: true, Soon);
        var script = new Script()
            .Ends(nameof(CompareHomes)).Waits(nameof(MoveEnds.BeginUndoing)).Fails(nameof(GoBack), 13);

        await RunAsync(input, script);

        // Six attempts, twice, before an operator is told; the window runs out each time.
        Assert.Equal(14, script.Calls.Count(call => call == nameof(GoBack)));
        Assert.Equal([nameof(GoBack), nameof(GoBack)], script.InputsOf<MoveFailure>(nameof(MoveEnds.NoteStalled)).Select(told => told.Step));
        Assert.Equal(nameof(MoveEnds.EndUndone), script.Calls[^1]);
    }

    [Theory]
    [MemberData(nameof(StepsThatWait))]
    public async Task Step_that_waits_is_looked_at_again_whenever_the_move_is_woken(string step)
    {
        var script = new Script().Waits(step, 2);

        var instanceId = await engine.StartAsync(Input(step != nameof(ReserveSlot)), script);
        await engine.WaitsAsync(instanceId, timers: 1);
        await engine.Client.RaiseEventAsync(instanceId, MoveTenant.Wake);
        await engine.WaitsAsync(instanceId, timers: 2);
        await engine.Client.RaiseEventAsync(instanceId, step == nameof(ReserveSlot) ? ProvisionOnHetzner.SlotOffered : MoveTenant.Wake);
        var ended = await engine.EndOfAsync(instanceId);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(3, script.Calls.Count(call => call == step));
    }

    [Fact]
    public async Task What_could_not_be_taken_back_of_the_target_is_taken_back_when_somebody_wakes_the_move()
    {
        var input = Input(up: true);
        var script = new Script()
            .Ends(nameof(ExportHistory)).Fails("Undo" + nameof(CreateVolume), 6).Fails("Undo" + nameof(CreateApps), 6);

        var instanceId = await engine.StartAsync(input, script);
        await engine.Client.RaiseEventAsync(instanceId, MoveTenant.Wake);
        await engine.EndOfAsync(instanceId);

        Assert.Equal(
            [nameof(CreateVolume), nameof(CreateApps)],
            Assert.Single(script.InputsOf<MoveFailure>(nameof(MoveEnds.NoteStalled))).LeftBehind);
        Assert.Equal(
            [nameof(MoveEnds.NoteStalled), "Undo" + nameof(CreateVolume), "Undo" + nameof(CreateApps), nameof(MoveEnds.EndUndone)],
            script.Calls.SkipWhile(call => call != nameof(MoveEnds.NoteStalled)));
    }

    [Fact]
    public async Task What_could_not_be_removed_of_the_source_is_removed_when_somebody_wakes_the_move()
    {
        var script = new Script().Fails("Undo" + nameof(GrantRedis), 6);

        var instanceId = await engine.StartAsync(Input(up: true), script);
        await engine.Client.RaiseEventAsync(instanceId, MoveTenant.Wake);
        await engine.EndOfAsync(instanceId);

        Assert.Equal(
            [nameof(GrantRedis)], Assert.Single(script.InputsOf<MoveFailure>(nameof(MoveEnds.NoteStalled))).LeftBehind);
        Assert.Equal(
            [nameof(MoveEnds.NoteStalled), "Undo" + nameof(GrantRedis), nameof(RemoveSource)],
            script.Calls.SkipWhile(call => call != nameof(MoveEnds.NoteStalled)));
    }

    private async Task<OrchestrationMetadata> RunAsync(MoveInput input, Script script) =>
        await engine.EndOfAsync(await engine.StartAsync(input, script));

    private static MoveInput Input(bool up, TimeSpan? retryWindow = null) =>
        up ? ScriptedEngine.Upgrade(retryWindow) : ScriptedEngine.Downgrade(retryWindow);

    private static IReadOnlyList<string> StepsOf(MoveInput input) =>
        [.. MoveTenant.StepsOf(input).SelectMany(step => step.Parts ?? [step]).Select(step => step.Name)];

    private static IReadOnlyList<string> UpTo(MoveInput input, string step) =>
        [.. StepsOf(input).TakeWhile(name => name != step), step];

    private static IReadOnlyList<string> MakingOf(HostingProvider provider) =>
        [.. (provider == HostingProvider.Fly ? ProvisionOnFly.Steps : ProvisionOnHetzner.Steps).Select(step => step.Name)
            .Where(step => step is not (nameof(PointHostname) or nameof(VerifyHome) or nameof(ActivateTenant)))];

    private static IEnumerable<string> Undoing(IEnumerable<string> begun) =>
        begun.Except(LeaveNothing).Reverse().Select(step => "Undo" + step);

    // The hostname is no part of the target: it is pointed back, not removed.
    private static IEnumerable<string> TakingBack(MoveInput input, string? last) =>
    [
        nameof(MoveEnds.BeginUndoing),
        .. Undoing(last is null ? [] : UpTo(input, last).Intersect(MakingOf(input.Target.Provider))),
        nameof(MoveEnds.EndUndone),
    ];

    private static IEnumerable<string> Without(Script script, string activity) => script.Calls.Where(call => call != activity);

    private static void AssertFailedAt(Script script, string step, string reason)
    {
        var failure = Assert.Single(script.InputsOf<MoveFailure>(nameof(MoveEnds.EndUndone)));
        Assert.Equal(step, failure.Step);
        Assert.Contains(reason, failure.Reason, StringComparison.Ordinal);
    }
}
