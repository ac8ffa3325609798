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
    // Should an event get lost, the move still looks within the hour.
    private static readonly TimeSpan LookAgain = TimeSpan.FromHours(1);

    // What costs money every day is tried to be removed every day.
    private static readonly TimeSpan RemoveAgain = TimeSpan.FromDays(1);

    private readonly TaskOrchestrationContext _context;
    private readonly Saga _target;
    private readonly TaskOptions _options;
    private readonly TaskOptions _patient;
    private Task<object> _wake;
    private Task<object> _slot;

    public MoveRun(TaskOrchestrationContext context, MoveInput input)
    {
        _context = context;
        Input = input;
        _target = new Saga(context, input.MakingTarget, input.Retries);
        _options = input.Retries.ToTaskOptions();
        _patient = input.Retries.ToUndoOptions();
        _wake = context.WaitForExternalEvent<object>(MoveTenant.Wake);
        _slot = context.WaitForExternalEvent<object>(ProvisionOnHetzner.SlotOffered);
    }

    public MoveInput Input { get; }

    /// <summary>Runs a step of the move.</summary>
    /// <exception cref="MoveFailedException">It failed for good, nobody had it tried again, or the move is not wanted any more.</exception>
    public Task RunAsync(string step) => UntilDoneAsync(step, () => _context.CallActivityAsync<bool>(step, Input, _options));

    /// <summary>Runs a step of provisioning for the target that leaves nothing to take back.</summary>
    /// <exception cref="MoveFailedException">As in <see cref="RunAsync"/>.</exception>
    public Task RunForTargetAsync(string step) => UntilDoneAsync(step, () => _target.RunFinalAsync(step));

    /// <summary>Makes the target with the steps of provisioning.</summary>
    /// <exception cref="MoveFailedException">As in <see cref="RunAsync"/>.</exception>
    public async Task MakeTargetAsync()
    {
        foreach (var step in HomeSteps.Of(Input.Target.Provider).Select(step => step.Name))
        {
            await UntilDoneAsync(step, () => HomeSteps.Leaves(step) ? _target.RunAsync(step) : _target.RunFinalAsync(step));
        }
    }

    /// <summary>Has the tenant served from the source, with everything that was written meanwhile, and removes the target.</summary>
    public async Task UndoAsync(MoveFailedException failed)
    {
        var failure = failed.Failure;
        while (!await InsistAsync(nameof(MoveEnds.BeginUndoing), failure))
        {
            await InsistAsync(nameof(GoBack), failure);
            await InsistAsync(nameof(PointHostname), Input.MakingTarget with { Home = Input.Source.Home });
        }

        var leftBehind = await _target.UndoAsync();
        while (leftBehind.Count > 0)
        {
            await StallAsync(failure with { LeftBehind = leftBehind }, RemoveAgain);
            leftBehind = await TakeBackAsync(Input.MakingTarget, Input.Target, leftBehind);
        }

        await InsistAsync(nameof(MoveEnds.EndUndone), failure);
    }

    /// <summary>Removes the source and closes the operation.</summary>
    public async Task RemoveSourceAsync()
    {
        await InsistAsync(nameof(MoveEnds.BeginRemoving), Input);
        IReadOnlyList<string> leftBehind = [.. HomeSteps.Of(Input.Source.Provider).Select(step => step.Name).Where(HomeSteps.Leaves)];
        while ((leftBehind = await TakeBackAsync(Input.TakingSourceBack, Input.Source, leftBehind)).Count > 0)
        {
            await StallAsync(
                MoveFailure.Of(Input, nameof(RemoveSource), "The old home could not be removed.") with { LeftBehind = leftBehind },
                RemoveAgain);
        }

        await InsistAsync(nameof(RemoveSource), Input);
    }

    private async Task UntilDoneAsync(string step, Func<Task<bool>> run)
    {
        while (true)
        {
            await ThrowUnlessWantedAsync(step);
            try
            {
                if (await run())
                {
                    return;
                }
            }
            catch (TaskFailedException failure)
            {
                var failed = MoveFailure.Of(Input, step, failure.FailureDetails.ErrorMessage);
                if (StepRetries.IsFinal(failure.FailureDetails) || !await StallAsync(failed, Input.RetryWindow))
                {
                    throw new MoveFailedException(failed);
                }

                continue;
            }

            await WaitAsync(LookAgain);
        }
    }

    // An operator may have cancelled it, or wanted the tenant back, before the step or while it ran.
    private async Task ThrowUnlessWantedAsync(string step)
    {
        if (!await _context.CallActivityAsync<bool>(nameof(MoveEnds.IsWanted), Input, _patient))
        {
            throw new MoveFailedException(MoveFailure.Of(Input, null, $"It was given up before {step}."));
        }
    }

    // Where there is no way but this one.
    private async Task<bool> InsistAsync(string activity, object input)
    {
        while (true)
        {
            try
            {
                return await _context.CallActivityAsync<bool>(activity, input, _patient);
            }
            catch (TaskFailedException failure)
            {
                await StallAsync(MoveFailure.Of(Input, activity, failure.FailureDetails.ErrorMessage), Input.RetryWindow);
            }
        }
    }

    private async Task<IReadOnlyList<string>> TakeBackAsync(
        ProvisioningInput provisioning, MovingHome home, IReadOnlyList<string> steps)
    {
        var saga = new Saga(_context, provisioning, Input.Retries);
        foreach (var step in HomeSteps.Of(home.Provider).Select(step => step.Name).Where(steps.Contains))
        {
            saga.Owes(step);
        }

        return await saga.UndoAsync();
    }

    // Tells an operator, and waits until somebody has it tried again; false when nobody has.
    private async Task<bool> StallAsync(MoveFailure failure, TimeSpan window)
    {
        await _context.CallActivityAsync(nameof(MoveEnds.NoteStalled), failure, _patient);
        return await WaitAsync(window);
    }

    private async Task<bool> WaitAsync(TimeSpan limit)
    {
        using var enough = new CancellationTokenSource();
        var timer = _context.CreateTimer(_context.CurrentUtcDateTime + limit, enough.Token);
        var first = await Task.WhenAny(_wake, _slot, timer);
        if (first == timer)
        {
            return false;
        }

        EndTimer(enough);
        _wake = _wake.IsCompleted ? _context.WaitForExternalEvent<object>(MoveTenant.Wake) : _wake;
        _slot = _slot.IsCompleted ? _context.WaitForExternalEvent<object>(ProvisionOnHetzner.SlotOffered) : _slot;
        return true;
    }

    // Not awaited: an orchestrator awaits nothing but its context's tasks.
    private static void EndTimer(CancellationTokenSource timer) => timer.Cancel();
}

/// <summary>A move cannot go on where it is.</summary>
internal sealed class MoveFailedException(MoveFailure failure) : Exception(failure.Reason)
{
    /// <summary>Which step, and why.</summary>
    public MoveFailure Failure { get; } = failure;
}
