using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions.Tests;

public sealed class TimerTestFunctions(Recorder recorder)
{
    [Function("EverySecond")]
    public async Task EverySecond([TimerTrigger("* * * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        recorder.Add("begin");
        await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        recorder.Add("end");
    }

    [Function("Yearly")]
    public void Yearly([TimerTrigger("%YearlySchedule%")] TimerInfo timer)
    {
        ArgumentNullException.ThrowIfNull(timer);
        recorder.Add($"yearly past due {timer.IsPastDue} last {timer.ScheduleStatus?.Last:yyyy}");
    }
}
