namespace WebHost.Migration;

/// <summary>How far an export or import is.</summary>
/// <param name="Chunks">Files in all.</param>
/// <param name="ChunksDone">Files done, in this run or an earlier one.</param>
/// <param name="Rows">Rows in all.</param>
/// <param name="RowsDone">Rows done, in this run or an earlier one.</param>
/// <param name="RowsThisRun">Rows done in this run.</param>
/// <param name="Elapsed">Since this run began.</param>
public sealed record TransferProgress(
    int Chunks, int ChunksDone, long Rows, long RowsDone, long RowsThisRun, TimeSpan Elapsed)
{
    /// <summary>Part of the rows that is done, 0 to 100.</summary>
    public double Percent => Rows == 0 ? 100 : 100.0 * RowsDone / Rows;

    /// <summary>Rows a second in this run.</summary>
    public double RowsPerSecond => Elapsed > TimeSpan.Zero ? RowsThisRun / Elapsed.TotalSeconds : 0;

    /// <summary>How long the rest takes at this speed; null while there is none.</summary>
    public TimeSpan? TimeLeft => RowsPerSecond > 0 ? TimeSpan.FromSeconds((Rows - RowsDone) / RowsPerSecond) : null;
}
