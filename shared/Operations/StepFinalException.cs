namespace WebHost.Operations;

/// <summary>A step has come to an end from which no further attempt, and no operator's retry, leads anywhere else.</summary>
public sealed class StepFinalException(string message, Exception inner) : Exception(message, inner);
