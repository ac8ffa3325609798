using System.Threading.Channels;

namespace Azure.Messaging.ServiceBus;

/// <summary>
/// Many callers, one commit: whatever arrives while a commit is on its way to the disk goes with the next one. An idle
/// group commits at once, so that grouping never costs a caller time.
/// </summary>
/// <param name="commit">Commits all items in one transaction and answers one result for each, in their order.</param>
/// <param name="weight">An item's size in bytes.</param>
internal sealed class GroupCommit<TItem, TResult>(
    Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TResult>>> commit,
    Func<TItem, long> weight) : IAsyncDisposable
{
    private const int MaxItems = 1000;
    private const long MaxWeight = 4 * 1024 * 1024;

    private readonly Channel<Entry> _entries = Channel.CreateUnbounded<Entry>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _startLock = new();
    private Task? _loop;

    /// <summary>A caller that gives up while its item is being committed leaves the outcome open.</summary>
    internal async Task<TResult> AddAsync(TItem item, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Start();
        var entry = new Entry(item, cancellationToken);
        ObjectDisposedException.ThrowIf(!_entries.Writer.TryWrite(entry), this);

        return await entry.Result.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Commits what was added, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        if (_loop is { } loop)
        {
            _stop.CancelAfter(TimeSpan.FromSeconds(5));
            await loop;
        }

        _stop.Dispose();
    }

    private void Start()
    {
        if (_loop is not null)
        {
            return;
        }

        lock (_startLock)
        {
            _loop ??= Task.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        var group = new List<Entry>();
        while (await _entries.Reader.WaitToReadAsync())
        {
            group.Clear();
            var total = 0L;
            while (group.Count < MaxItems && _entries.Reader.TryPeek(out var next))
            {
                total += weight(next.Item);
                if (group.Count > 0 && total > MaxWeight)
                {
                    break;
                }

                _entries.Reader.TryRead(out _);
                if (!next.CancellationToken.IsCancellationRequested)
                {
                    group.Add(next);
                }
            }

            await CommitAsync(group);
        }
    }

    private async Task CommitAsync(List<Entry> group)
    {
        if (group.Count == 0)
        {
            return;
        }

        try
        {
            var results = await commit(group.ConvertAll(entry => entry.Item), _stop.Token);
            for (var i = 0; i < group.Count; i++)
            {
                group[i].Result.TrySetResult(results[i]);
            }
        }
        catch (ServiceBusException exception) when (group.Count > 1 && !exception.IsTransient)
        {
            // The server refused the group because of one of them, and has rolled back all; only that one is to fail.
            foreach (var entry in group)
            {
                await CommitAsync([entry]);
            }
        }
        catch (Exception exception)
        {
            foreach (var entry in group)
            {
                entry.Result.TrySetException(exception);
            }
        }
    }

    private sealed record Entry(TItem Item, CancellationToken CancellationToken)
    {
        internal TaskCompletionSource<TResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
