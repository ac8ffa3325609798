namespace WebHost.Local.Run.Launch;

/// <summary>The instance could not be started; the message is for the person who typed ./run.sh.</summary>
internal sealed class LaunchException(string message) : Exception(message);
