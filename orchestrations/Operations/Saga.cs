using Microsoft.DurableTask;

namespace WebHost.Operations;

/// <summary>
/// The steps of one orchestration so far. A step's activity has the step's name; the activity that takes it back is called
/// Undo and that name, and is due from the moment the step is called, since a step that failed may have done half its work.
/// </summary>
/// <param name="context">The orchestration.</param>
/// <param name="input">Given to every activity.</param>
/// <param name="retries">How often steps are tried.</param>
internal sealed class Saga(TaskOrchestrationContext context, object input, StepRetries retries)
{
    private readonly TaskOptions _stepOptions = retries.ToTaskOptions();
    private readonly TaskOptions _undoOptions = retries.ToUndoOptions();
    private readonly Stack<string> _undo = [];

    /// <summary>Runs a step that leaves something to take back.</summary>
    /// <returns>False when the step waits for what others must do first.</returns>
    public Task<bool> RunAsync(string step)
    {
        Owes(step);
        return context.CallActivityAsync<bool>(step, input, _stepOptions);
    }

    /// <summary>Notes a step that was run elsewhere, to be taken back with the others.</summary>
    public void Owes(string step)
    {
        if (!_undo.Contains(step))
        {
            _undo.Push(step);
        }
    }

    /// <summary>Runs a step that changes nothing that would have to be taken back.</summary>
    /// <returns>False when the step waits for what others must do first.</returns>
    public Task<bool> RunFinalAsync(string step) => context.CallActivityAsync<bool>(step, input, _stepOptions);

    /// <summary>Takes every step back, last one first, going on past what fails.</summary>
    /// <returns>Names of the steps that could not be taken back.</returns>
    public async Task<IReadOnlyList<string>> UndoAsync()
    {
        var leftBehind = new List<string>();
        while (_undo.TryPop(out var step))
        {
            try
            {
                await context.CallActivityAsync("Undo" + step, input, _undoOptions);
            }
            catch (TaskFailedException)
            {
                leftBehind.Add(step);
            }
        }

        return leftBehind;
    }
}
