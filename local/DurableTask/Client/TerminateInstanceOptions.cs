namespace Microsoft.DurableTask.Client;

/// <param name="Output">Becomes the orchestration's output.</param>
/// <param name="Recursive">Terminates the sub-orchestrations too.</param>
public record TerminateInstanceOptions(object? Output = null, bool Recursive = false);
