using System.Collections.Concurrent;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>Carries news from those who commit to those who wait, within the process and from other processes.</summary>
internal sealed class HubSignals
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _watched = new(StringComparer.Ordinal);

    /// <summary>This process among those that share the hub. New with every start: old leases are not ours.</summary>
    public Guid Worker { get; } = Guid.NewGuid();

    public AsyncSignal Orchestrations { get; } = new();

    public AsyncSignal Activities { get; } = new();

    /// <summary>Completes when the orchestration starts or finishes, or when it cannot be ruled out.</summary>
    public Task NextChangeOf(string instanceId) =>
        _watched.GetOrAdd(instanceId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Committed(HubTransaction transaction)
    {
        if (transaction.SentMessages)
        {
            Orchestrations.Set();
        }

        if (transaction.OfferedActivities)
        {
            Activities.Set();
        }

        Changed(transaction.ChangedInstances);
    }

    public void Received(string payload)
    {
        var (worker, changed) = HubNotification.Read(payload);
        if (worker == Worker.ToString("N"))
        {
            return;
        }

        Orchestrations.Set();
        Activities.Set();
        Changed(changed ?? [.. _watched.Keys]);
    }

    /// <summary>After a connection was lost nobody knows what was missed.</summary>
    public void AnythingMayHaveChanged()
    {
        Orchestrations.Set();
        Activities.Set();
        Changed([.. _watched.Keys]);
    }

    private void Changed(IEnumerable<string> instanceIds)
    {
        foreach (var instanceId in instanceIds)
        {
            if (_watched.TryRemove(instanceId, out var watch))
            {
                watch.TrySetResult();
            }
        }
    }
}
