using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>
/// Watches a transfer of minutes or hours: tells callers every second how far it is, and interrupts it when it is not wanted
/// any more.
/// </summary>
internal sealed class TransferWatch : IProgress<TransferProgress>, IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _unwanted;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _watching;
    private volatile TransferProgress? _last;

    /// <summary>Watches a transfer that is wanted to its end.</summary>
    public TransferWatch(
        OperationStore operations, Guid operationId, string step, TimeProvider time, CancellationToken cancellationToken)
        : this(operations, _ => Task.FromResult(true), operationId, step, time, cancellationToken)
    {
    }

    /// <summary>Watches a transfer that is wanted while a move copies.</summary>
    public TransferWatch(
        OperationStore operations, MoveStore moves, Guid operationId, string step, TimeProvider time, CancellationToken cancellationToken)
        : this(
            operations,
            async token => (await moves.GetAsync(operationId, token)).State == MoveState.Copying,
            operationId,
            step,
            time,
            cancellationToken)
    {
    }

    private TransferWatch(
        OperationStore operations,
        Func<CancellationToken, Task<bool>> isWanted,
        Guid operationId,
        string step,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        _unwanted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _watching = WatchAsync(operations, isWanted, operationId, step, time);
    }

    /// <summary>Interrupts the transfer.</summary>
    public CancellationToken Token => _unwanted.Token;

    public void Report(TransferProgress value) => _last = value;

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _unwanted.Dispose();
        _over.Dispose();
    }

    private async Task WatchAsync(
        OperationStore operations, Func<CancellationToken, Task<bool>> isWanted, Guid operationId, string step, TimeProvider time)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(_over.Token))
        {
            if (_last is { } progress)
            {
                await operations.TellProgressAsync(operationId, step, Describe(progress), _over.Token);
            }

            if (!await isWanted(_over.Token))
            {
                await _unwanted.CancelAsync();
                return;
            }
        }
    }

    private static string Describe(TransferProgress progress) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{progress.Percent:0.0} %: {progress.RowsDone:N0} of {progress.Rows:N0} rows, {progress.RowsPerSecond:N0} rows/s, "
        + $"{(progress.TimeLeft is { } left ? $"{left.TotalSeconds:N0} s left" : "time left unknown")}.");
}
