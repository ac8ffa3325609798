namespace WebHost.Operations;

/// <summary>Another operation has taken an operation's place; nothing is left to do for it.</summary>
public sealed class SupersededException(string message) : Exception(message);
