using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>
/// Watches a transfer of minutes or hours: tells callers every second how far it is, and interrupts it when the move is not
/// wanted any more.
/// </summary>
internal sealed class TransferWatch : IProgress<TransferProgress>, IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _unwanted;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _watching;
    private volatile TransferProgress? _last;

    public TransferWatch(
        OperationStore operations, MoveStore moves, Guid operationId, string step, TimeProvider time, CancellationToken cancellationToken)
    {
        _unwanted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _watching = WatchAsync(operations, moves, operationId, step, time);
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

    private async Task WatchAsync(OperationStore operations, MoveStore moves, Guid operationId, string step, TimeProvider time)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(_over.Token))
        {
            if (_last is { } progress)
            {
                await operations.TellProgressAsync(operationId, step, Describe(progress), _over.Token);
            }

            if ((await moves.GetAsync(operationId, _over.Token)).State != MoveState.Copying)
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
