namespace WebHost.Local.Run.Story;

/// <summary>The story cannot go on; the message says what was expected and what was found.</summary>
internal sealed class StoryException(string message) : Exception(message);
