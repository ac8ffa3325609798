using Microsoft.DurableTask;

namespace WebHost.Operations;

/// <summary>How often and how patiently an operation's steps are tried. Part of an orchestration's input, so that replay sees what the first run saw.</summary>
/// <param name="Attempts">Attempts in all.</param>
/// <param name="FirstInterval">Before the second attempt; each further interval is twice as long.</param>
/// <param name="LongestInterval">No interval is longer.</param>
public sealed record StepRetries(int Attempts, TimeSpan FirstInterval, TimeSpan LongestInterval)
{
    private static readonly string Refused = typeof(StepRefusedException).FullName!;
    private static readonly string Final = typeof(StepFinalException).FullName!;
    private static readonly string Superseded = typeof(SupersededException).FullName!;

    /// <summary>The options with which an orchestrator calls a step's activity.</summary>
    public TaskOptions ToTaskOptions() =>
        TaskOptions.FromRetryPolicy(new RetryPolicy(Attempts, FirstInterval, backoffCoefficient: 2, LongestInterval)
        {
            HandleFailure = failure => failure.ErrorType != Refused && !IsFinal(failure) && !IsSuperseded(failure),
        });

    /// <summary>Whether a step failed in a way from which nothing leads further.</summary>
    internal static bool IsFinal(TaskFailureDetails failure) => failure.ErrorType == Final;

    /// <summary>Whether another operation has taken the step's operation's place.</summary>
    internal static bool IsSuperseded(TaskFailureDetails failure) => failure.ErrorType == Superseded;

    /// <summary>The options for taking a step back, which is tried longer: what stays behind costs money every day.</summary>
    public TaskOptions ToUndoOptions() => (this with { Attempts = Attempts * 2 }).ToTaskOptions();
}
