namespace WebHost.Migration;

/// <summary>Counts what several workers have done and tells of it after each file.</summary>
internal sealed class TransferMeter(
    int chunks, int chunksBefore, long rows, long rowsBefore, IProgress<TransferProgress>? progress, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _begin = time.GetTimestamp();
    private int _chunks;
    private long _rows;

    public void Add(long chunkRows)
    {
        lock (_lock)
        {
            _chunks++;
            _rows += chunkRows;
            progress?.Report(new TransferProgress(
                chunks, chunksBefore + _chunks, rows, rowsBefore + _rows, _rows, time.GetElapsedTime(_begin)));
        }
    }
}
