using Microsoft.Extensions.Logging;
using WebHost.Data;
using WebHost.Providers;

namespace WebHost.Operations;

/// <summary>How an attempt at a step ended when it did not throw.</summary>
/// <param name="State">Succeeded, or waiting for what others must do first.</param>
/// <param name="Detail">What came of it, for people.</param>
public sealed record StepOutcome(StepState State, string Detail)
{
    /// <summary>The step is done.</summary>
    public static StepOutcome Done(string detail) => new(StepState.Succeeded, detail);

    /// <summary>The step cannot be done yet and should be tried again when something changes.</summary>
    public static StepOutcome Waits(string forWhat) => new(StepState.Waiting, forWhat);
}

/// <summary>
/// Runs the work of an activity as a step of an operation: notes when it began and how it ended where callers can see it,
/// and says which failures are worth another attempt.
/// </summary>
public sealed partial class StepRunner(OperationStore operations, StepHooks hooks, ILogger<StepRunner> logger)
{
    /// <summary>Runs one attempt.</summary>
    /// <returns>True when the step is done, false when it waits.</returns>
    /// <exception cref="StepRefusedException">It failed, and trying again cannot mend it.</exception>
    /// <exception cref="StepFinalException">It failed, and nothing that anybody mends leads further.</exception>
    public async Task<bool> RunAsync(
        Guid operationId, string step, Func<Task<StepOutcome>> work, CancellationToken cancellationToken)
    {
        await operations.BeginStepAsync(operationId, step, cancellationToken);
        try
        {
            await hooks.Reached(operationId, StepHooks.Before + step);
            var outcome = await work();
            await hooks.Reached(operationId, StepHooks.After + step);
            await operations.EndStepAsync(operationId, step, outcome.State, outcome.Detail, cancellationToken);
            return outcome.State == StepState.Succeeded;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            LogAttemptFailed(logger, step, operationId, exception);
            await operations.EndStepAsync(operationId, step, StepState.Retrying, exception.Message, cancellationToken);
            if (exception is Migration.MigrationMismatchException or Migration.CutoverReturnedException)
            {
                throw new StepFinalException(exception.Message, exception);
            }

            if (IsHopeless(exception))
            {
                throw new StepRefusedException(exception.Message, exception);
            }

            throw;
        }
    }

    /// <summary>Takes back what a step did, or had begun to do.</summary>
    public async Task UndoAsync(Guid operationId, string step, Func<Task> work, CancellationToken cancellationToken)
    {
        await work();
        await operations.EndStepAsync(operationId, step, StepState.Undone, null, cancellationToken);
    }

    // What we cannot classify is tried again: a needless attempt costs seconds, a missing one costs the customer.
    private static bool IsHopeless(Exception exception) => exception switch
    {
        ProviderException provider => !provider.IsRetryable,
        Npgsql.PostgresException postgres => !PostgresFaults.IsTransient(postgres),
        StepRefusedException or Placement.TenantDatabaseNotFitException => true,
        _ => false,
    };

    [LoggerMessage(200, LogLevel.Warning, "Step {Step} of operation {OperationId} failed.")]
    private static partial void LogAttemptFailed(ILogger logger, string step, Guid operationId, Exception exception);
}
