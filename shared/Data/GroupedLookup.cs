namespace WebHost.Data;

/// <summary>
/// Looks up together what is asked for at the same time: one look-up is under way at a time, and what is asked meanwhile waits
/// for the next. Nobody waits who comes alone.
/// </summary>
/// <param name="lookUp">Looks up some keys and answers those that there are; must end, since the next ones wait for it.</param>
internal sealed class GroupedLookup<TKey, TValue>(
    Func<IReadOnlyCollection<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> lookUp)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock _lock = new();
    private HashSet<TKey> _asked = [];
    private Task<IReadOnlyDictionary<TKey, TValue>>? _next;
    private Task _current = Task.CompletedTask;

    /// <summary>What the key stands for, null when nothing.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Ends the waiting; the look-up itself serves others too and goes on.</param>
    public async Task<TValue?> FindAsync(TKey key, CancellationToken cancellationToken)
    {
        Task<IReadOnlyDictionary<TKey, TValue>> found;
        lock (_lock)
        {
            _asked.Add(key);
            found = _next ??= LookUpAfterAsync(_current);
        }

        return (await found.WaitAsync(cancellationToken)).GetValueOrDefault(key);
    }

    private async Task<IReadOnlyDictionary<TKey, TValue>> LookUpAfterAsync(Task current)
    {
        await current.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        HashSet<TKey> asked;
        lock (_lock)
        {
            (asked, _asked) = (_asked, []);
            (_current, _next) = (_next!, null);
        }

        return await lookUp(asked);
    }
}
