namespace Microsoft.DurableTask.Client;

/// <summary>Which finished orchestrations to purge. What is absent does not filter.</summary>
public record PurgeInstancesFilter(
    DateTimeOffset? CreatedFrom = null,
    DateTimeOffset? CreatedTo = null,
    IEnumerable<OrchestrationRuntimeStatus>? Statuses = null);
