using WebHost.Migration;

namespace WebHost.Tests.Migration;

/// <summary>Collects reports, and breaks off after so many.</summary>
internal sealed class Interruption(int afterChunks) : IProgress<TransferProgress>
{
    public List<TransferProgress> Reports { get; } = [];

    public void Report(TransferProgress value)
    {
        Reports.Add(value);
        if (Reports.Count == afterChunks)
        {
            throw new OperationCanceledException();
        }
    }
}
