namespace DurableTask.Core.Exceptions;

/// <summary>The orchestrator's code no longer does what its history says it did.</summary>
public class NonDeterministicOrchestrationException(string message) : InvalidOperationException(message);
