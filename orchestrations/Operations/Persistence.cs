using Microsoft.DurableTask;

namespace WebHost.Operations;

/// <summary>Calls without which an orchestration may neither go on nor end.</summary>
internal static class Persistence
{
    // Where what decides cannot be asked, or told anything, nothing is decided: it passes.
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <summary>Calls until it succeeds, ever more seldom: each attempt makes the orchestration's history longer.</summary>
    public static async Task PersistAsync(this TaskOrchestrationContext context, Func<Task> call)
    {
        for (var pause = AskAgain; ; pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks)))
        {
            try
            {
                await call();
                return;
            }
            catch (TaskFailedException)
            {
                await context.CreateTimer(context.CurrentUtcDateTime + pause, CancellationToken.None);
            }
        }
    }
}
