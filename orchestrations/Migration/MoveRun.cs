using Microsoft.DurableTask;
using WebHost.Operations;
using WebHost.Provisioning;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Migration;

/// <summary>
/// One run of <see cref="MoveTenant"/>: how its steps are called, what happens when one fails or waits, and the ways back.
/// Whether the move is wanted still is kept in its row; the event only says that it is worth looking.
/// </summary>
internal sealed class MoveRun
{
    private readonly TaskOrchestrationContext _context;
    private readonly Saga _target;
    private readonly TaskOptions _options;
    private readonly TaskOptions _patient;
    private readonly PatientSteps _steps;

    public MoveRun(TaskOrchestrationContext context, MoveInput input)
    {
        _context = context;
        Input = input;
        _target = new Saga(context, input.MakingTarget, input.Retries);
        _options = input.Retries.ToTaskOptions();
        _patient = input.Retries.ToUndoOptions();
        _steps = new PatientSteps(
            context,
            input.RetryWindow,
            () => context.CallActivityAsync<bool>(nameof(MoveEnds.IsWanted), Input, _patient),
            stalled => context.CallActivityAsync<bool>(
                nameof(MoveEnds.NoteStalled), MoveFailure.Of(Input, stalled), _patient),
            MoveTenant.Wake,
            ProvisionOnHetzner.SlotOffered);
    }

    public MoveInput Input { get; }

    /// <summary>
    /// How far the move is that this orchestration begins with. It may have been begun by one that died: every step of the state in
    /// which that left it is run again, and what it had made is to be taken back if the move is.
    /// </summary>
    public async Task<MoveState> FindReachedAsync()
    {
        if (!Input.Resumes)
        {
            return MoveState.Copying;
        }

        HomeSteps.Owe(_target, Input.Target.Provider, HomeSteps.Leaves);
        return await _steps.InsistAsync(
            nameof(MoveEnds.FindReached),
            () => _context.CallActivityAsync<MoveState>(nameof(MoveEnds.FindReached), Input, _patient));
    }

    /// <summary>Runs a step of the move.</summary>
    /// <exception cref="StepGivenUpException">It failed for good, nobody had it tried again, or the move is not wanted any more.</exception>
    public Task RunAsync(string step) =>
        _steps.UntilDoneAsync(step, () => _context.CallActivityAsync<bool>(step, Input, _options));

    /// <summary>Runs a step of provisioning for the target that leaves nothing to take back.</summary>
    /// <exception cref="StepGivenUpException">As in <see cref="RunAsync"/>.</exception>
    public Task RunForTargetAsync(string step) => _steps.UntilDoneAsync(step, () => _target.RunFinalAsync(step));

    /// <summary>Makes the target with the steps of provisioning.</summary>
    /// <exception cref="StepGivenUpException">As in <see cref="RunAsync"/>.</exception>
    public Task MakeTargetAsync() => HomeSteps.MakeAsync(_steps, _target, Input.Target.Provider);

    /// <summary>
    /// Has the tenant served from the source, with everything that was written meanwhile, and removes the target; unless the
    /// tenant is kept at the target, or a failover has taken the move's place, and looks after both homes.
    /// </summary>
    public async Task UndoAsync(StepGivenUpException failed)
    {
        try
        {
            await UndoAsync(MoveFailure.Of(Input, new StalledStep(failed.Step, failed.Message, [])));
        }
        catch (SupersededException)
        {
            await InsistAsync(nameof(MoveEnds.EndSuperseded), Input);
        }
    }

    /// <summary>Removes the source and closes the operation.</summary>
    public async Task RemoveSourceAsync()
    {
        await InsistAsync(nameof(MoveEnds.BeginRemoving), Input);
        await HomeSteps.InsistOnTakingBackAsync(
            _steps,
            new StalledStep(nameof(RemoveSource), "The old home could not be removed.", []),
            await TakeSourceBackAsync(HomeSteps.Leaves),
            TakeSourceBackAsync);
        await InsistAsync(nameof(RemoveSource), Input);
    }

    private async Task UndoAsync(MoveFailure failure)
    {
        while (!await InsistAsync(nameof(MoveEnds.BeginUndoing), failure))
        {
            if (!await InsistAsync(nameof(GoBack), failure))
            {
                await InsistAsync(nameof(PointHostname), Input.MakingTarget);
                await RemoveSourceAsync();
                return;
            }

            await InsistAsync(nameof(PointHostname), Input.MakingTarget with { Home = Input.Source.Home });
        }

        await HomeSteps.InsistOnTakingBackAsync(
            _steps,
            new StalledStep(failure.Step, failure.Reason, []),
            await _target.UndoAsync(),
            which => HomeSteps.TakeBackAsync(_context, Input.MakingTarget, Input.Target.Provider, which));
        await InsistAsync(nameof(MoveEnds.EndUndone), failure);
    }

    private Task<IReadOnlyList<string>> TakeSourceBackAsync(Func<string, bool> which) =>
        HomeSteps.TakeBackAsync(_context, Input.TakingSourceBack, Input.Source.Provider, which);

    private Task<bool> InsistAsync(string activity, object input) =>
        _steps.InsistAsync(activity, () => _context.CallActivityAsync<bool>(activity, input, _patient));
}
