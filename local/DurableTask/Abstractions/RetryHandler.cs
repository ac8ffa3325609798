namespace Microsoft.DurableTask;

/// <summary>Decides after a failure whether to try again. Runs inside the orchestrator and must be deterministic.</summary>
public delegate bool RetryHandler(RetryContext retryContext);
