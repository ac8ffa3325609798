namespace WebHost.Local.DurableTask.Storage;

/// <summary>
/// Something that is committed as a whole. True when it was; false when the state it relies on is gone: the lease was taken
/// over, or the id to be created exists.
/// </summary>
internal abstract record CommitRequest
{
    private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<bool> Completion => _completion.Task;

    /// <summary>Roughly how many characters it sends, to bound what one transaction carries.</summary>
    public abstract int Size { get; }

    /// <summary>Called with the result before anybody else hears of it.</summary>
    public Action<bool>? Settled { get; init; }

    public void Complete(bool isCommitted)
    {
        Settled?.Invoke(isCommitted);
        _completion.TrySetResult(isCommitted);
    }

    public void Fail(Exception exception) => _completion.TrySetException(exception);
}
