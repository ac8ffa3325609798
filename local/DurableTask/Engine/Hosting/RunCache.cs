using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>
/// Orchestrations in memory between their steps. One is of use only while nobody else has taken a lease on it since: every
/// lease has a number, and the next one after ours must be ours again.
/// </summary>
internal sealed class RunCache(int capacity, TimeSpan idleRetention, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byAge = new();

    /// <summary>Takes the run out; it is nobody else's until it is put back.</summary>
    public HostedRun? Take(LeasedInstance instance)
    {
        Entry? found = null;
        lock (_gate)
        {
            if (_entries.Remove(instance.InstanceId, out var node))
            {
                _byAge.Remove(node);
                found = node.Value;
            }
        }

        if (found is null || found.IsValidFor(instance))
        {
            return found?.Run;
        }

        found.Run.Dispose();
        return null;
    }

    public void Put(string instanceId, HostedRun run, long lease)
    {
        lock (_gate)
        {
            var node = _byAge.AddLast(new Entry(instanceId, run, lease, time.GetTimestamp()));
            if (_entries.Remove(instanceId, out var older))
            {
                _byAge.Remove(older);
                older.Value.Run.Dispose();
            }

            _entries.Add(instanceId, node);
        }

        Trim();
    }

    /// <summary>Lets go of what has been idle for long, and of the oldest when there are too many.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            while (_byAge.First is { } oldest
                && (_byAge.Count > capacity || time.GetElapsedTime(oldest.Value.IdleSince) > idleRetention))
            {
                _byAge.RemoveFirst();
                _entries.Remove(oldest.Value.InstanceId);
                oldest.Value.Run.Dispose();
            }
        }
    }

    private sealed record Entry(string InstanceId, HostedRun Run, long Lease, long IdleSince)
    {
        public bool IsValidFor(LeasedInstance instance) => instance.Lease == Lease + 1
            && instance.ExecutionId == Run.Run.Execution.ExecutionId
            && instance.Steps == Run.Run.Steps;
    }
}
