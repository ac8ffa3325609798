namespace Microsoft.DurableTask;

/// <summary>Decides after a failure whether to try again; may await the context's tasks, a timer for instance.</summary>
public delegate Task<bool> AsyncRetryHandler(RetryContext retryContext);
