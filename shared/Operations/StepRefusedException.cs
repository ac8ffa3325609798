namespace WebHost.Operations;

/// <summary>A step failed in a way that trying again cannot mend; orchestrations do not retry it.</summary>
public sealed class StepRefusedException(string message, Exception? inner = null) : Exception(message, inner);
