using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.DurableTask.Client;
using WebHost.Emergency;
using WebHost.Migration;
using WebHost.Plans;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;
using WebHost.Testing;

namespace WebHost.Orchestrations.Tests.Emergency;

public sealed class FailOverTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    // Steps that make or change nothing for which a home would have to be taken back.
    private static readonly string[] LeaveNothing =
        [nameof(AssignAddresses), nameof(StartReplicas), nameof(PrepareDatabase), nameof(RequestCertificate)];

    // Of removing the old homes an operation shows one step.
    private static readonly string[] Removing =
        [nameof(RemoveOldHomes.AwaitLingering), nameof(RemoveOldHomes.ListOldHomes), nameof(RemoveOldHomes)];

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    public static TheoryData<HostingProvider> Providers => [HostingProvider.Hetzner, HostingProvider.Fly];

    public static TheoryData<HostingProvider, string> StepsBeforeTheSwitch =>
    [
        .. from to in Providers.Select(row => row.Data)
           from step in UpTo(ScriptedEngine.Failover(to), nameof(TakeOver))
           select (to, step),
    ];

    public static TheoryData<string> StepsAfterTheSwitch =>
        [.. StepsOf(ScriptedEngine.Failover(HostingProvider.Hetzner)).SkipWhile(step => step != nameof(TakeOver)).Skip(1)];

    public static TheoryData<bool, string> EveryStep =>
    [
        .. StepsOf(ScriptedEngine.Failover(HostingProvider.Hetzner)).Select(step => (false, step)),
        .. StepsOf(ScriptedEngine.Failover(HostingProvider.Hetzner, stands: true)).Select(step => (true, step)),
    ];

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Failover_runs_the_parts_that_its_operation_shows(HostingProvider to)
    {
        var script = new Script();
        var input = ScriptedEngine.Failover(to);

        var ended = await RunAsync(input, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(CallsOf(StepsOf(input)), InOrder(script));
        Assert.InRange(
            script.Calls.ToList().IndexOf(nameof(PointHostname)),
            script.Calls.ToList().IndexOf(nameof(TakeOver)),
            script.Calls.ToList().IndexOf(nameof(VerifyHome)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Failover_makes_the_target_under_its_own_operation(HostingProvider to)
    {
        var script = new Script();
        var input = ScriptedEngine.Failover(to);

        await RunAsync(input, script);

        Assert.All(
            MakingOf(to).Append(nameof(PointHostname)).Append(nameof(VerifyHome)).SelectMany(script.InputsOf<ProvisioningInput>),
            given => Assert.Equal(new ProvisioningInput(input.OperationId, input.TenantId, input.Target.Home, input.Retries), given));
        Assert.Equal([input], script.InputsOf<FailoverInput>(nameof(TakeOver)));
    }

    [Fact]
    public async Task Failover_looks_whether_it_is_wanted_before_every_step()
    {
        var script = new Script();
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner);

        await RunAsync(input, script);

        // Pointing the hostname and bringing the history go on beside each other.
        var beside = (string[])[nameof(PointHostname), nameof(RestoreHistory)];
        Assert.Equal(
            CallsOf(StepsOf(input)).Except(beside).Except([nameof(RemoveOldHomes.ListOldHomes)])
                .Select(step => (nameof(FailoverEnds.IsFailoverWanted), step)),
            script.Calls.Zip(script.Calls.Skip(1))
                .Where(pair => pair.First == nameof(FailoverEnds.IsFailoverWanted)
                    && pair.Second != nameof(FailoverEnds.IsFailoverWanted) && !beside.Contains(pair.Second)));
        var during = script.Calls.SkipWhile(call => call != nameof(TakeOver)).Skip(1).TakeWhile(call => call != nameof(AskVendor));
        Assert.Equal(
            [.. beside.Concat(Enumerable.Repeat(nameof(FailoverEnds.IsFailoverWanted), 3)).Order()], during.Order());
    }

    [Fact]
    public async Task History_does_not_wait_for_the_hostname()
    {
        var script = new Script().Refuses(nameof(PointHostname));
        var instanceId = await engine.StartAsync(ScriptedEngine.Failover(HostingProvider.Hetzner), script);

        await Eventually.IsTrueAsync(() => Task.FromResult(
            script.Calls.Contains(nameof(FailoverEnds.NoteFailoverStalled)) && script.Calls.Contains(nameof(RestoreHistory))));
        await engine.WaitsAsync(instanceId);

        Assert.DoesNotContain(nameof(VerifyHome), script.Calls);
        await engine.Client.RaiseEventAsync(instanceId, FailOver.Wake);
        await engine.EndOfAsync(instanceId);
        Assert.Equal(1, script.Calls.Count(call => call == nameof(RestoreHistory)));
        Assert.Equal(2, script.Calls.Count(call => call == nameof(PointHostname)));
        Assert.Equal(nameof(WriteReport), script.Calls[^1]);
    }

    [Theory]
    [MemberData(nameof(StepsBeforeTheSwitch))]
    public async Task Refused_step_before_the_switch_that_nobody_has_tried_again_is_taken_back_in_reverse(
        HostingProvider to, string step)
    {
        var script = new Script().Refuses(step);
        var input = ScriptedEngine.Failover(to, retryWindow: Soon);

        var ended = await RunAsync(input, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(
            [.. UpTo(input, step), nameof(FailoverEnds.NoteFailoverStalled), .. TakingBack(input, step)], InOrder(script));
        AssertFailedAt(script, step, $"{step} was refused.");
    }

    [Theory]
    [MemberData(nameof(StepsBeforeTheSwitch))]
    public async Task Step_before_the_switch_that_ends_for_good_waits_for_nobody_and_is_taken_back(HostingProvider to, string step)
    {
        var script = new Script().Ends(step);
        var input = ScriptedEngine.Failover(to);

        await RunAsync(input, script);

        Assert.Equal([.. UpTo(input, step), .. TakingBack(input, step)], InOrder(script));
        AssertFailedAt(script, step, $"{step} is over.");
    }

    [Theory]
    [MemberData(nameof(StepsBeforeTheSwitch))]
    public async Task Failover_that_is_cancelled_before_a_step_never_begins_the_step(HostingProvider to, string step)
    {
        var input = ScriptedEngine.Failover(to);
        var before = UpTo(input, step).SkipLast(1).ToList();
        var script = new Script()
            .Agrees(nameof(FailoverEnds.IsFailoverWanted), before.Count).Waits(nameof(FailoverEnds.IsFailoverWanted));

        await RunAsync(input, script);

        Assert.Equal([.. before, .. TakingBack(input, before.Count == 0 ? null : before[^1])], InOrder(script));
        Assert.Null(Assert.Single(script.InputsOf<FailoverFailure>(nameof(FailoverEnds.EndFailoverUndone))).Step);
    }

    [Theory]
    [MemberData(nameof(StepsAfterTheSwitch))]
    public async Task Step_after_the_switch_is_tried_again_for_ever_and_nothing_is_undone(string step)
    {
        // Refused, over for good, and broken three times at three attempts each; nobody wakes it.
        var script = new Script().Refuses(step).Ends(step).Fails(step, 9);
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, retryWindow: Soon);

        var ended = await RunAsync(input, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(12, script.Calls.Count(call => call == step));
        Assert.Equal(
            Enumerable.Repeat(step, 5),
            script.InputsOf<FailoverFailure>(nameof(FailoverEnds.NoteFailoverStalled)).Select(told => told.Step));
        Assert.Equal(nameof(WriteReport), script.Calls[^1]);
        Assert.DoesNotContain(script.Calls, IsUndoing);
    }

    [Theory]
    [InlineData(nameof(ReserveSlot))]
    [InlineData(nameof(RestoreFleet))]
    [InlineData(nameof(TakeOver))]
    public async Task Step_of_a_failover_that_has_taken_another_one_s_place_is_tried_again_for_ever(string step)
    {
        var script = new Script().Refuses(step).Ends(step).Fails(step, 3);
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, retryWindow: Soon) with { MayGiveUp = false };

        await RunAsync(input, script);

        Assert.Equal(
            Enumerable.Repeat(step, 3),
            script.InputsOf<FailoverFailure>(nameof(FailoverEnds.NoteFailoverStalled)).Select(told => told.Step));
        Assert.Equal(nameof(WriteReport), script.Calls[^1]);
        Assert.DoesNotContain(script.Calls, IsUndoing);
    }

    [Theory]
    [MemberData(nameof(EveryStep))]
    public async Task Failover_whose_place_is_taken_before_a_step_ends_and_undoes_nothing(bool stands, string step)
    {
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, stands);
        var before = UpTo(input, step).SkipLast(1).ToList();
        var looks = before.Count + (before.Contains(nameof(RemoveOldHomes)) ? 1 : 0);
        var script = new Script()
            .Agrees(nameof(FailoverEnds.IsFailoverWanted), looks).Waits(nameof(FailoverEnds.IsFailoverWanted), 2)
            .Waits(nameof(FailoverEnds.BeginFailoverUndoing));

        var ended = await RunAsync(input, script);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Contains(nameof(FailoverEnds.BeginFailoverUndoing), script.Calls);
        Assert.DoesNotContain(
            script.Calls,
            call => (IsUndoing(call) && call != nameof(FailoverEnds.BeginFailoverUndoing))
                || call is nameof(FailoverEnds.EndFailoverUndone) or nameof(FailoverEnds.NoteFailoverStalled));

        // Which of the two that go on beside each other looks first is chance.
        if (step != nameof(RestoreHistory))
        {
            Assert.Equal([.. CallsOf(before), nameof(FailoverEnds.BeginFailoverUndoing)], InOrder(script));
        }
    }

    [Fact]
    public async Task Failover_goes_on_when_taking_over_was_given_up_after_the_new_home_had_begun_to_serve()
    {
        var script = new Script()
            .Refuses(nameof(TakeOver)).Waits(nameof(FailoverEnds.BeginFailoverUndoing)).Fails(nameof(TakeOver), 3);
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, retryWindow: Soon);

        await RunAsync(input, script);

        Assert.Equal(5, script.Calls.Count(call => call == nameof(TakeOver)));
        Assert.Equal(1, script.Calls.Count(call => call == nameof(FailoverEnds.BeginFailoverUndoing)));
        Assert.Equal(nameof(WriteReport), script.Calls[^1]);
    }

    [Fact]
    public async Task Failover_whose_place_is_taken_while_taking_over_fails_ends_and_undoes_nothing()
    {
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, retryWindow: Soon);
        var looks = UpTo(input, nameof(TakeOver)).Count;
        var script = new Script()
            .Refuses(nameof(TakeOver)).Waits(nameof(FailoverEnds.BeginFailoverUndoing), 2)
            .Agrees(nameof(FailoverEnds.IsFailoverWanted), looks).Waits(nameof(FailoverEnds.IsFailoverWanted));

        await RunAsync(input, script);

        Assert.Equal(
            [
                .. UpTo(input, nameof(TakeOver)), nameof(FailoverEnds.NoteFailoverStalled),
                nameof(FailoverEnds.BeginFailoverUndoing), nameof(FailoverEnds.BeginFailoverUndoing),
            ],
            InOrder(script));
    }

    [Fact]
    public async Task Failover_whose_place_is_taken_while_a_step_waits_ends_when_woken()
    {
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner);
        var looks = UpTo(input, nameof(RestoreHistory)).Count;
        var script = new Script()
            .Waits(nameof(RestoreHistory))
            .Agrees(nameof(FailoverEnds.IsFailoverWanted), looks).Waits(nameof(FailoverEnds.IsFailoverWanted))
            .Waits(nameof(FailoverEnds.BeginFailoverUndoing));

        var instanceId = await engine.StartAsync(input, script);
        await engine.WaitsAsync(instanceId);
        await engine.Client.RaiseEventAsync(instanceId, FailOver.Wake);
        await engine.EndOfAsync(instanceId);

        Assert.Equal(
            [.. UpTo(input, nameof(RestoreHistory)).Where(step => step != nameof(PointHostname)), nameof(FailoverEnds.BeginFailoverUndoing)],
            InOrder(script));
    }

    [Theory]
    [InlineData(nameof(ReserveSlot))]
    [InlineData(nameof(RestoreHistory))]
    [InlineData(nameof(VerifyHistory))]
    [InlineData(nameof(RecoverSource))]
    [InlineData(nameof(RemoveOldHomes.AwaitLingering))]
    public async Task Step_that_waits_is_looked_at_again_whenever_the_failover_is_woken(string step)
    {
        var script = new Script().Waits(step, 2);

        var instanceId = await engine.StartAsync(ScriptedEngine.Failover(HostingProvider.Hetzner), script);
        await engine.WaitsAsync(instanceId, timers: 1);
        await engine.Client.RaiseEventAsync(instanceId, FailOver.Wake);
        await engine.WaitsAsync(instanceId, timers: 2);
        await engine.Client.RaiseEventAsync(instanceId, step == nameof(ReserveSlot) ? ProvisionOnHetzner.SlotOffered : FailOver.Wake);
        var ended = await engine.EndOfAsync(instanceId);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(3, script.Calls.Count(call => call == step));
    }

    [Fact]
    public async Task Step_of_the_failover_that_waits_is_looked_at_again_by_itself_when_the_switch_has_settled()
    {
        var script = new Script().Waits(nameof(VerifyHistory));

        await RunAsync(ScriptedEngine.Failover(HostingProvider.Hetzner) with { SettleFor = Soon }, script);

        Assert.Equal(2, script.Calls.Count(call => call == nameof(VerifyHistory)));
    }

    [Fact]
    public async Task Lost_home_that_is_waited_for_is_looked_at_once_an_hour_unless_the_failover_is_woken()
    {
        var script = new Script().Waits(nameof(RecoverSource));
        var begin = DateTime.UtcNow;

        var instanceId = await engine.StartAsync(
            ScriptedEngine.Failover(HostingProvider.Hetzner) with { SettleFor = Soon }, script);
        await engine.WaitsAsync(instanceId);

        var timer = Assert.Single(Regex.Matches(await engine.ExportAsync(instanceId), "\"fireAt\":\\s*\"([^\"]+)\""));
        Assert.InRange(
            DateTime.Parse(timer.Groups[1].Value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal),
            begin.AddHours(1),
            DateTime.MaxValue);
        await engine.Client.RaiseEventAsync(instanceId, FailOver.Wake);
        await engine.EndOfAsync(instanceId);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Where_a_home_still_stands_it_is_looked_at_and_none_is_made(HostingProvider to)
    {
        var script = new Script();
        var input = ScriptedEngine.Failover(to, stands: true);

        await RunAsync(input, script);

        Assert.Equal([nameof(CheckStandingHome), nameof(RestoreFleet), nameof(TakeOver)], InOrder(script).Take(3));
        Assert.Equal(CallsOf(StepsOf(input)), InOrder(script));
        Assert.Empty(script.Calls.Intersect(MakingOf(to)));
    }

    [Theory]
    [InlineData(nameof(CheckStandingHome))]
    [InlineData(nameof(RestoreFleet))]
    [InlineData(nameof(TakeOver))]
    public async Task Home_that_still_stands_is_not_undone_when_the_failover_is_given_up(string step)
    {
        var script = new Script().Ends(step);
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, stands: true);

        await RunAsync(input, script);

        Assert.Equal(
            [.. UpTo(input, step), .. TakingBack(input, step)],
            InOrder(script));
        AssertFailedAt(script, step, $"{step} is over.");
    }

    [Theory]
    [InlineData(HostingProvider.Hetzner, true)]
    [InlineData(HostingProvider.Hetzner, false)]
    [InlineData(HostingProvider.Fly, true)]
    [InlineData(HostingProvider.Fly, false)]
    public async Task Old_home_is_removed_under_the_operation_that_made_it_without_asking_a_server_that_is_lost(
        HostingProvider provider, bool isReachable)
    {
        var script = new Script();
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner);
        var old = new MovingHome(3, provider, Guid.CreateVersion7());

        await engine.EndOfAsync(await engine.StartAsync(input, script, (old, isReachable)));

        var needsServer = provider == HostingProvider.Hetzner && !isReachable
            ? (string[])["Undo" + nameof(MakeHomeInDatabase), "Undo" + nameof(GrantRedis)] : [];
        var removing = Undoing(MakingOf(provider)).Except(needsServer).ToList();
        Assert.NotEmpty(removing);
        Assert.Equal(
            [
                nameof(RemoveOldHomes.ListOldHomes), .. removing, nameof(RemoveOldHomes.ForgetOldHome), nameof(RemoveOldHomes),
                nameof(WriteReport),
            ],
            InOrder(script).SkipWhile(call => call != nameof(RemoveOldHomes.ListOldHomes)));
        Assert.All(
            removing.SelectMany(script.InputsOf<ProvisioningInput>),
            given => Assert.Equal(new ProvisioningInput(old.MadeBy, input.TenantId, old.Home, input.Retries), given));
        Assert.Equal(old, Assert.Single(script.InputsOf<OldHome>(nameof(RemoveOldHomes.ForgetOldHome))).Home);
    }

    [Fact]
    public async Task Old_homes_are_removed_one_after_the_other()
    {
        var script = new Script();
        var (first, second) = (new MovingHome(5, HostingProvider.Fly, Guid.CreateVersion7()), ScriptedEngine.LostHome);

        await engine.EndOfAsync(await engine.StartAsync(
            ScriptedEngine.Failover(HostingProvider.Hetzner), script, (first, true), second));

        Assert.Equal(
            [first.Home, second.Home.Home],
            script.InputsOf<OldHome>(nameof(RemoveOldHomes.ForgetOldHome)).Select(old => old.Home.Home));
        Assert.Equal(
            [
                .. Undoing(MakingOf(HostingProvider.Fly)), nameof(RemoveOldHomes.ForgetOldHome), "Undo" + nameof(ReserveSlot),
                nameof(RemoveOldHomes.ForgetOldHome),
            ],
            InOrder(script).Where(call => IsUndoing(call) || call == nameof(RemoveOldHomes.ForgetOldHome)));
    }

    [Fact]
    public async Task What_could_not_be_removed_of_an_old_home_is_removed_when_somebody_wakes_the_failover()
    {
        var script = new Script().Fails("Undo" + nameof(ReserveSlot), 6);

        var instanceId = await engine.StartAsync(
            ScriptedEngine.Failover(HostingProvider.Hetzner), script, ScriptedEngine.LostHome);
        await engine.WaitsAsync(instanceId);
        await engine.Client.RaiseEventAsync(instanceId, FailOver.Wake);
        await engine.EndOfAsync(instanceId);

        var told = Assert.Single(script.InputsOf<FailoverFailure>(nameof(FailoverEnds.NoteFailoverStalled)));
        Assert.Equal(nameof(RemoveOldHomes), told.Step);
        Assert.Equal([nameof(ReserveSlot)], told.LeftBehind);
        Assert.Equal(
            ["Undo" + nameof(ReserveSlot), nameof(RemoveOldHomes.ForgetOldHome)],
            script.Calls.SkipWhile(call => call != nameof(FailoverEnds.NoteFailoverStalled)).Skip(1).Take(2));
    }

    [Theory]
    [InlineData(nameof(RemoveOldHomes.ListOldHomes))]
    [InlineData(nameof(RemoveOldHomes.ForgetOldHome))]
    public async Task Failover_goes_on_when_what_it_needs_to_remove_old_homes_breaks_for_long(string activity)
    {
        var script = new Script().Fails(activity, 7);
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, retryWindow: Soon);

        var ended = await engine.EndOfAsync(await engine.StartAsync(input, script, ScriptedEngine.LostHome));

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        Assert.Equal(8, script.Calls.Count(call => call == activity));
        Assert.Equal(nameof(WriteReport), script.Calls[^1]);
    }

    [Fact]
    public async Task What_could_not_be_taken_back_of_the_target_is_taken_back_when_somebody_wakes_the_failover()
    {
        var script = new Script()
            .Ends(nameof(TakeOver)).Fails("Undo" + nameof(CreateVolume), 6).Fails("Undo" + nameof(CreateApps), 6);

        var instanceId = await engine.StartAsync(ScriptedEngine.Failover(HostingProvider.Fly), script);
        await engine.WaitsAsync(instanceId);
        await engine.Client.RaiseEventAsync(instanceId, FailOver.Wake);
        await engine.EndOfAsync(instanceId);

        Assert.Equal(
            [nameof(CreateVolume), nameof(CreateApps)],
            Assert.Single(script.InputsOf<FailoverFailure>(nameof(FailoverEnds.NoteFailoverStalled))).LeftBehind);
        Assert.Equal(
            [
                nameof(FailoverEnds.NoteFailoverStalled), "Undo" + nameof(CreateVolume), "Undo" + nameof(CreateApps),
                nameof(FailoverEnds.EndFailoverUndone),
            ],
            script.Calls.SkipWhile(call => call != nameof(FailoverEnds.NoteFailoverStalled)));
    }

    [Fact]
    public async Task Failover_whose_place_is_taken_while_its_target_cannot_be_taken_back_ends_and_leaves_it_to_the_other()
    {
        var script = new Script()
            .Ends(nameof(TakeOver)).Fails("Undo" + nameof(MakeHomeInDatabase), 12)
            .Agrees(nameof(FailoverEnds.NoteFailoverStalled), 1).Waits(nameof(FailoverEnds.NoteFailoverStalled))
            .Agrees(nameof(FailoverEnds.BeginFailoverUndoing), 2).Waits(nameof(FailoverEnds.BeginFailoverUndoing));

        var instanceId = await engine.StartAsync(ScriptedEngine.Failover(HostingProvider.Hetzner), script);
        await engine.WaitsAsync(instanceId);
        await engine.Client.RaiseEventAsync(instanceId, FailOver.Wake);
        await engine.EndOfAsync(instanceId);

        Assert.Equal(12, script.Calls.Count(call => call == "Undo" + nameof(MakeHomeInDatabase)));
        Assert.Equal(
            [nameof(FailoverEnds.NoteFailoverStalled), nameof(FailoverEnds.BeginFailoverUndoing)], script.Calls.TakeLast(2));
    }

    [Fact]
    public async Task Failover_whose_place_is_taken_while_a_lost_home_cannot_be_removed_ends()
    {
        var script = new Script()
            .Fails("Undo" + nameof(ReserveSlot), 6).Waits(nameof(FailoverEnds.NoteFailoverStalled))
            .Waits(nameof(FailoverEnds.BeginFailoverUndoing));

        await engine.EndOfAsync(await engine.StartAsync(
            ScriptedEngine.Failover(HostingProvider.Hetzner), script, ScriptedEngine.LostHome));

        Assert.Equal(
            [nameof(FailoverEnds.NoteFailoverStalled), nameof(FailoverEnds.BeginFailoverUndoing)], script.Calls.TakeLast(2));
    }

    [Theory]
    [InlineData(FailoverState.Preparing, nameof(ReserveSlot))]
    [InlineData(FailoverState.Replacing, nameof(ReserveSlot))]
    [InlineData(FailoverState.Serving, nameof(RestoreHistory))]
    [InlineData(FailoverState.Restored, nameof(RecoverSource))]
    [InlineData(FailoverState.Closing, nameof(RecoverSource))]
    [InlineData(FailoverState.Done, nameof(WriteReport))]
    public async Task Failover_whose_orchestration_died_goes_on_with_the_steps_of_the_state_that_it_is_in(
        FailoverState state, string step)
    {
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner) with { Resumes = true };
        var script = new Script().Finds(nameof(FailoverEnds.FindFailoverReached), state);

        await RunAsync(input, script);

        Assert.Equal(
            [nameof(FailoverEnds.FindFailoverReached), .. CallsOf(StepsOf(input)).SkipWhile(name => name != step)], InOrder(script));
    }

    [Theory]
    [InlineData(FailoverState.Replacing, nameof(RestoreFleet))]
    [InlineData(FailoverState.Serving, nameof(RestoreHistory))]
    [InlineData(FailoverState.Closing, nameof(RecoverSource))]
    public async Task Failover_that_goes_on_where_there_is_no_way_back_tries_a_step_again_that_ended_for_good(
        FailoverState state, string step)
    {
        var input = ScriptedEngine.Failover(HostingProvider.Hetzner, retryWindow: Soon) with { Resumes = true };
        var script = new Script().Finds(nameof(FailoverEnds.FindFailoverReached), state).Ends(step);

        await RunAsync(input, script);

        Assert.DoesNotContain(nameof(FailoverEnds.BeginFailoverUndoing), script.Calls);
        Assert.Equal(2, script.Calls.Count(call => call == step));
        Assert.Equal(nameof(WriteReport), script.Calls[^1]);
    }

    [Fact]
    public async Task Failover_that_goes_on_and_is_not_wanted_takes_back_what_the_orchestration_that_died_had_made()
    {
        var input = ScriptedEngine.Failover(HostingProvider.Fly) with { Resumes = true };
        var script = new Script()
            .Finds(nameof(FailoverEnds.FindFailoverReached), FailoverState.Undoing).Waits(nameof(FailoverEnds.IsFailoverWanted));

        await RunAsync(input, script);

        Assert.Equal(
            [nameof(FailoverEnds.FindFailoverReached), .. TakingBack(input, nameof(RestoreFleet))], InOrder(script));
    }

    private async Task<OrchestrationMetadata> RunAsync(FailoverInput input, Script script) =>
        await engine.EndOfAsync(await engine.StartAsync(input, script));

    private static IReadOnlyList<string> StepsOf(FailoverInput input) =>
        [.. FailOver.StepsOf(input).SelectMany(step => step.Parts ?? [step]).Select(step => step.Name)];

    private static IReadOnlyList<string> UpTo(FailoverInput input, string step) =>
        [.. StepsOf(input).TakeWhile(name => name != step), step];

    // The hostname has its own time.
    private static IEnumerable<string> CallsOf(IEnumerable<string> steps) => steps
        .Where(step => step != nameof(PointHostname))
        .SelectMany(step => step == nameof(RemoveOldHomes) ? Removing : [step]);

    private static IEnumerable<string> InOrder(Script script) => script.Calls
        .Where(call => call is not (nameof(FailoverEnds.IsFailoverWanted) or nameof(PointHostname)));

    private static IReadOnlyList<string> MakingOf(HostingProvider provider) =>
        [.. (provider == HostingProvider.Fly ? ProvisionOnFly.Steps : ProvisionOnHetzner.Steps).Select(step => step.Name)
            .Where(step => step is not (nameof(PointHostname) or nameof(VerifyHome) or nameof(ActivateTenant)))];

    private static IEnumerable<string> Undoing(IEnumerable<string> begun) =>
        begun.Except(LeaveNothing).Reverse().Select(step => "Undo" + step);

    private static bool IsUndoing(string call) =>
        call.StartsWith("Undo", StringComparison.Ordinal) || call == nameof(FailoverEnds.BeginFailoverUndoing);

    // When taking over has failed, the first beginning says whether there is a way back.
    private static IEnumerable<string> TakingBack(FailoverInput input, string? last) =>
    [
        .. Enumerable.Repeat(nameof(FailoverEnds.BeginFailoverUndoing), last == nameof(TakeOver) ? 2 : 1),
        .. Undoing(last is null ? [] : UpTo(input, last).Intersect(MakingOf(input.Target.Provider))),
        nameof(FailoverEnds.EndFailoverUndone),
    ];

    private static void AssertFailedAt(Script script, string step, string reason)
    {
        var failure = Assert.Single(script.InputsOf<FailoverFailure>(nameof(FailoverEnds.EndFailoverUndone)));
        Assert.Equal(step, failure.Step);
        Assert.Contains(reason, failure.Reason, StringComparison.Ordinal);
    }
}
