using Microsoft.DurableTask;

namespace WebHost.Operations;

/// <summary>
/// Calls steps that may have to wait, or fail for a while, in an orchestration that operators steer: before each it asks whether
/// the step is wanted still, and what fails waits for somebody to have it tried again.
/// </summary>
internal sealed class PatientSteps
{
    // Should an event get lost, whoever waits still looks within the hour.
    private static readonly TimeSpan LookAgain = TimeSpan.FromHours(1);

    private readonly TaskOrchestrationContext _context;
    private readonly TimeSpan _retryWindow;
    private readonly Func<Task<bool>> _isWanted;
    private readonly Func<StalledStep, Task<bool>> _tell;
    private readonly Dictionary<string, Task<object>> _events;

    /// <param name="context">The orchestration.</param>
    /// <param name="retryWindow">For how long a step that has failed waits for an operator.</param>
    /// <param name="isWanted">Whether nobody wants the orchestration to go another way.</param>
    /// <param name="tell">Tells operators of a step that has failed.</param>
    /// <param name="events">Names of the events that say that it is worth looking again.</param>
    public PatientSteps(
        TaskOrchestrationContext context,
        TimeSpan retryWindow,
        Func<Task<bool>> isWanted,
        Func<StalledStep, Task<bool>> tell,
        params IEnumerable<string> events)
    {
        _context = context;
        _retryWindow = retryWindow;
        _isWanted = isWanted;
        _tell = tell;
        _events = events.ToDictionary(name => name, name => context.WaitForExternalEvent<object>(name));
    }

    /// <summary>
    /// Whether a step that has failed for good ends the orchestration; otherwise it is tried again by itself, however long it
    /// takes, since there is no way back.
    /// </summary>
    public bool MayGiveUp { get; set; } = true;

    /// <summary>Runs a step until it is done.</summary>
    /// <param name="step">Its name.</param>
    /// <param name="run">Runs one attempt, with its retries; false when it waits.</param>
    /// <param name="lookAgain">After which it is tried again when it waits and nothing happens; an hour when null.</param>
    /// <exception cref="StepGivenUpException">It failed for good, nobody had it tried again, or it is not wanted any more.</exception>
    public async Task UntilDoneAsync(string step, Func<Task<bool>> run, TimeSpan? lookAgain = null)
    {
        while (true)
        {
            // An operator may have changed their mind before the step, or while it ran.
            if (!await PersistAsync(_isWanted))
            {
                throw new StepGivenUpException(null, $"It was given up before {step}.");
            }

            try
            {
                if (await run())
                {
                    return;
                }
            }
            catch (TaskFailedException failure)
            {
                var reason = failure.FailureDetails.ErrorMessage;
                var givenUp = StepRetries.IsFinal(failure.FailureDetails) && MayGiveUp;
                if (givenUp || (!await StallAsync(new StalledStep(step, reason, []), _retryWindow) && MayGiveUp))
                {
                    throw new StepGivenUpException(step, reason);
                }

                continue;
            }

            await WaitAsync(lookAgain ?? LookAgain);
        }
    }

    /// <summary>Runs what there is no other way than.</summary>
    /// <exception cref="SupersededException">Another operation has taken this one's place.</exception>
    public async Task<T> InsistAsync<T>(string activity, Func<Task<T>> run)
    {
        while (true)
        {
            try
            {
                return await run();
            }
            catch (TaskFailedException failure)
            {
                if (StepRetries.IsSuperseded(failure.FailureDetails))
                {
                    throw new SupersededException(failure.FailureDetails.ErrorMessage);
                }

                await StallAsync(new StalledStep(activity, failure.FailureDetails.ErrorMessage, []), _retryWindow);
            }
        }
    }

    /// <summary>Tells an operator, and waits until somebody has it tried again.</summary>
    /// <returns>False when nobody has.</returns>
    public async Task<bool> StallAsync(StalledStep stalled, TimeSpan window)
    {
        await PersistAsync(() => _tell(stalled));
        return await WaitAsync(window);
    }

    private async Task<bool> PersistAsync(Func<Task<bool>> call)
    {
        var answer = false;
        await _context.PersistAsync(async () => answer = await call());
        return answer;
    }

    private async Task<bool> WaitAsync(TimeSpan limit)
    {
        using var enough = new CancellationTokenSource();
        var timer = _context.CreateTimer(_context.CurrentUtcDateTime + limit, enough.Token);
        var first = await Task.WhenAny([.. _events.Values, timer]);
        if (first == timer)
        {
            return false;
        }

        EndTimer(enough);
        foreach (var (name, happened) in _events)
        {
            if (happened.IsCompleted)
            {
                _events[name] = _context.WaitForExternalEvent<object>(name);
            }
        }

        return true;
    }

    // Not awaited: an orchestrator awaits nothing but its context's tasks.
    private static void EndTimer(CancellationTokenSource timer) => timer.Cancel();
}

/// <summary>An orchestration cannot go on where it is.</summary>
/// <param name="step">Which step failed; null when nothing did, and the orchestration is not wanted any more.</param>
/// <param name="reason">Why.</param>
internal sealed class StepGivenUpException(string? step, string reason) : Exception(reason)
{
    /// <summary>Which step failed; null when nothing did.</summary>
    public string? Step { get; } = step;
}
