using Microsoft.DurableTask;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Emergency;

/// <summary>One run of <see cref="FailOver"/>: how its steps are called, and what happens when one fails or waits.</summary>
internal sealed class FailoverRun
{
    private readonly TaskOrchestrationContext _context;
    private readonly FailoverInput _input;
    private readonly Saga _target;
    private readonly TaskOptions _options;
    private readonly TaskOptions _patient;
    private readonly PatientSteps _steps;

    public FailoverRun(TaskOrchestrationContext context, FailoverInput input)
    {
        _context = context;
        _input = input;
        _target = new Saga(context, input.MakingTarget, input.Retries);
        _options = input.Retries.ToTaskOptions();
        _patient = input.Retries.ToUndoOptions();
        _steps = new PatientSteps(
            context,
            input.RetryWindow,
            () => context.CallActivityAsync<bool>(nameof(FailoverEnds.IsFailoverWanted), input, _patient),
            NoteStalledAsync,
            FailOver.Wake,
            ProvisionOnHetzner.SlotOffered)
        {
            MayGiveUp = input.MayGiveUp,
        };
    }

    /// <summary>
    /// How far the failover is that this orchestration begins with. It may have been begun by one that died: every step of the state in
    /// which that left it is run again, and what it had made is to be taken back if the failover is.
    /// </summary>
    public async Task<FailoverState> FindReachedAsync()
    {
        if (!_input.Resumes)
        {
            return FailoverState.Preparing;
        }

        if (!_input.Stands)
        {
            HomeSteps.Owe(_target, _input.Target.Provider, HomeSteps.Leaves);
        }

        var reached = await _steps.InsistAsync(
            nameof(FailoverEnds.FindFailoverReached),
            () => _context.CallActivityAsync<FailoverState>(nameof(FailoverEnds.FindFailoverReached), _input, _patient));
        _steps.MayGiveUp &= reached is FailoverState.Preparing or FailoverState.Undoing;
        return reached;
    }

    /// <summary>Makes the target with the steps of provisioning, unless it stands.</summary>
    /// <exception cref="StepGivenUpException">One failed for good, nobody had it tried again, or the failover is not wanted any more.</exception>
    public Task MakeTargetAsync() => _input.Stands
        ? RunAsync(nameof(CheckStandingHome))
        : HomeSteps.MakeAsync(_steps, _target, _input.Target.Provider);

    /// <summary>Has the target serve. From then on the failover goes on until it is done, however often a step fails.</summary>
    /// <exception cref="StepGivenUpException">As in <see cref="MakeTargetAsync"/>.</exception>
    public async Task TakeOverAsync()
    {
        try
        {
            await RunAsync(nameof(TakeOver));
            _steps.MayGiveUp = false;
        }
        catch (StepGivenUpException givenUp) when (givenUp.Step is not null)
        {
            // An attempt that failed may have led everybody to the new home all the same.
            if (await BeginUndoingAsync(FailureOf(givenUp)))
            {
                throw;
            }

            _steps.MayGiveUp = false;
            await RunAsync(nameof(TakeOver));
        }
    }

    /// <summary>Runs a step of the failover. What it may wait for wakes the failover.</summary>
    /// <exception cref="StepGivenUpException">As in <see cref="MakeTargetAsync"/>.</exception>
    public Task RunAsync(string step) => RunAsync(step, lookAgain: null);

    /// <summary>Verifies the history, which waits for time to pass.</summary>
    /// <exception cref="StepGivenUpException">As in <see cref="MakeTargetAsync"/>.</exception>
    public Task VerifyHistoryAsync() => RunAsync(nameof(VerifyHistory), _input.SettleFor);

    /// <summary>Runs a step of provisioning for the target that leaves nothing to take back.</summary>
    /// <exception cref="StepGivenUpException">As in <see cref="MakeTargetAsync"/>.</exception>
    public Task RunForTargetAsync(string step) => _steps.UntilDoneAsync(step, () => _target.RunFinalAsync(step));

    /// <summary>Removes what is left of the homes that the tenant has left behind.</summary>
    /// <exception cref="StepGivenUpException">As in <see cref="MakeTargetAsync"/>.</exception>
    public async Task RemoveOldHomesAsync()
    {
        await RunAsync(nameof(RemoveOldHomes.AwaitLingering));
        var left = await _steps.InsistAsync(
            nameof(RemoveOldHomes.ListOldHomes),
            () => _context.CallActivityAsync<OldHome[]>(nameof(RemoveOldHomes.ListOldHomes), _input, _patient));
        foreach (var old in left)
        {
            await HomeSteps.InsistOnTakingBackAsync(
                _steps,
                new StalledStep(nameof(RemoveOldHomes), "A lost home could not be removed.", []),
                await TakeBackAsync(old, HomeSteps.Leaves),
                which => TakeBackAsync(old, which));
            await _steps.InsistAsync(
                nameof(RemoveOldHomes.ForgetOldHome),
                () => _context.CallActivityAsync<bool>(nameof(RemoveOldHomes.ForgetOldHome), old, _patient));
        }

        await RunAsync(nameof(RemoveOldHomes));
    }

    /// <summary>Ends a failover that is not wanted any more, or cannot go on.</summary>
    public async Task EndAsync(StepGivenUpException givenUp)
    {
        var failure = FailureOf(givenUp);
        try
        {
            if (await BeginUndoingAsync(failure))
            {
                await HomeSteps.InsistOnTakingBackAsync(
                    _steps,
                    new StalledStep(failure.Step, failure.Reason, []),
                    await _target.UndoAsync(),
                    which => HomeSteps.TakeBackAsync(_context, _input.MakingTarget, _input.Target.Provider, which));
                await InsistAsync(nameof(FailoverEnds.EndFailoverUndone), failure);
            }
        }
        catch (StepGivenUpException superseded)
        {
            // Whatever could not be taken back is a home that the other failover looks after.
            await EndAsync(superseded);
        }
    }

    private async Task<bool> NoteStalledAsync(StalledStep stalled) =>
        await _context.CallActivityAsync<bool>(
            nameof(FailoverEnds.NoteFailoverStalled), FailoverFailure.Of(_input, stalled), _patient)
            ? true
            : throw new StepGivenUpException(null, $"Another failover took its place before {stalled.Step} was done.");

    // A database that is lost is not asked to remove anything.
    private Task<IReadOnlyList<string>> TakeBackAsync(OldHome old, Func<string, bool> which) =>
        HomeSteps.TakeBackAsync(
            _context,
            old.TakingBack,
            old.Home.Provider,
            step => which(step) && (old.IsReachable || !HomeSteps.NeedsServer(old.Home.Provider, step)));

    private FailoverFailure FailureOf(StepGivenUpException givenUp) =>
        FailoverFailure.Of(_input, new StalledStep(givenUp.Step, givenUp.Message, []));

    private Task<bool> BeginUndoingAsync(FailoverFailure failure) =>
        InsistAsync(nameof(FailoverEnds.BeginFailoverUndoing), failure);

    private Task RunAsync(string step, TimeSpan? lookAgain) =>
        _steps.UntilDoneAsync(step, () => _context.CallActivityAsync<bool>(step, _input, _options), lookAgain);

    private Task<bool> InsistAsync(string activity, FailoverFailure failure) =>
        _steps.InsistAsync(activity, () => _context.CallActivityAsync<bool>(activity, failure, _patient));
}
