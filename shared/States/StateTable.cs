using WebHost.Json;

namespace WebHost.States;

/// <summary>A state machine as one table of allowed transitions. Staying where one is is always allowed, so repeats do no harm.</summary>
/// <param name="subject">What has the state, for the error: "tenant", "operation".</param>
/// <param name="allowed">Every transition that may happen.</param>
public sealed class StateTable<TState>(string subject, params (TState From, TState To)[] allowed)
    where TState : struct, Enum
{
    private readonly HashSet<(TState From, TState To)> _allowed = [.. allowed];

    /// <summary>Whether the transition may happen.</summary>
    public bool Allows(TState from, TState to) => EqualityComparer<TState>.Default.Equals(from, to) || _allowed.Contains((from, to));

    /// <summary>The states from which <paramref name="to"/> may be entered, itself included.</summary>
    public IReadOnlyList<TState> Before(TState to) => [.. Enum.GetValues<TState>().Where(from => Allows(from, to))];

    /// <summary>Throws unless the transition may happen.</summary>
    /// <exception cref="WrongTransitionException">It may not.</exception>
    public void Check(TState from, TState to, string id)
    {
        if (!Allows(from, to))
        {
            throw new WrongTransitionException(subject, id, WireName.Of(from), WireName.Of(to));
        }
    }
}
