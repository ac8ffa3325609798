namespace Microsoft.DurableTask.Client;

/// <param name="Recursive">Purges the sub-orchestrations too.</param>
public record PurgeInstanceOptions(bool Recursive = false);
