namespace WebHost.Operations;

/// <summary>Where tests look into an operation, or disturb it. Nothing happens here otherwise.</summary>
public sealed class StepHooks
{
    /// <summary>What a step's name is preceded by when an attempt begins.</summary>
    public const string Before = "before ";

    /// <summary>What a step's name is preceded by when its work is done, and not noted yet.</summary>
    public const string After = "after ";

    /// <summary>
    /// Called with the place that is reached and whose it is: the operation at a step, the tenant within a cutover. What it throws
    /// is thrown there.
    /// </summary>
    public Func<Guid, string, Task> Reached { get; set; } = (_, _) => Task.CompletedTask;
}
