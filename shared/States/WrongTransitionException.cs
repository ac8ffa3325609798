namespace WebHost.States;

/// <summary>Something was asked to go to a state that cannot follow the one it is in.</summary>
public sealed class WrongTransitionException(string subject, string id, string from, string to)
    : InvalidOperationException($"The {subject} {id} is {from} and cannot become {to}.")
{
    /// <summary>What has the state.</summary>
    public string Subject { get; } = subject;

    /// <summary>Which one.</summary>
    public string Id { get; } = id;

    /// <summary>The state it is in.</summary>
    public string From { get; } = from;

    /// <summary>The state it was asked to enter.</summary>
    public string To { get; } = to;
}
