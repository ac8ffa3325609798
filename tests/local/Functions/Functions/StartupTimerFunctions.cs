using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions.Tests;

public sealed class StartupTimerFunctions(Recorder recorder)
{
    [Function("AtStartup")]
    public void AtStartup([TimerTrigger("0 0 0 1 1 *", RunOnStartup = true)] TimerInfo timer)
    {
        recorder.Add("started");
        throw new InvalidOperationException("boom");
    }
}
