namespace WebHost.Local.Functions;

/// <summary>The application cannot start as it is written or set up; the message is for whoever started it.</summary>
internal sealed class LocalStartException(string message, Exception? inner = null) : Exception(message, inner);
