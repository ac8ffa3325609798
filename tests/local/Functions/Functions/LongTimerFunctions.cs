using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions.Tests;

public sealed class LongTimerFunctions(Recorder recorder)
{
    [Function("Long")]
    public async Task RunLong([TimerTrigger("0 0 0 1 1 *", RunOnStartup = true)] TimerInfo timer, CancellationToken cancellationToken)
    {
        recorder.Add("begin");
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            recorder.Add("cancelled");
            throw;
        }
    }
}
