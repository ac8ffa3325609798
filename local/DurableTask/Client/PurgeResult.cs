namespace Microsoft.DurableTask.Client;

/// <summary>How many orchestrations were purged.</summary>
public class PurgeResult(int count)
{
    public int PurgedInstanceCount { get; } = count;
}
