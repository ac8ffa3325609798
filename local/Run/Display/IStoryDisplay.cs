using WebHost.Local.Run.Story;

namespace WebHost.Local.Run.Display;

/// <summary>Tells the story while it happens.</summary>
internal interface IStoryDisplay
{
    void Heading(string text);

    void Say(string text);

    void Verified(string what);

    void Deviation(string what, IReadOnlyList<string> details);

    /// <summary>Shows an operation's steps as they change, for as long as the work takes.</summary>
    Task<Operation> FollowAsync(Func<Action<Operation>, Task<Operation>> work);

    /// <summary>Shows how far a counted piece of work has come; the work reports what it has added.</summary>
    Task CountAsync(string what, int total, Func<Action<int>, Task> work);
}
