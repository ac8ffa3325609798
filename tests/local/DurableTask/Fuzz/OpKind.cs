namespace WebHost.Local.DurableTask.Tests.Fuzz;

public enum OpKind
{
    /// <summary>An activity that answers its input.</summary>
    Echo,

    /// <summary>An activity whose failure is caught.</summary>
    Fail,

    /// <summary>An activity that fails Value times, with three attempts.</summary>
    Retry,

    /// <summary>A timer of Value milliseconds.</summary>
    Timer,

    /// <summary>An event that somebody sends.</summary>
    Event,

    /// <summary>An event that nobody sends, with a time limit.</summary>
    LateEvent,

    /// <summary>An activity against a timer that is much too late.</summary>
    Race,

    /// <summary>The parts one after the other.</summary>
    Sequence,

    /// <summary>The parts at once.</summary>
    Parallel,

    /// <summary>The parts in a sub-orchestration.</summary>
    Sub,

    /// <summary>The parts in a sub-orchestration that then fails.</summary>
    FailingSub,
}
