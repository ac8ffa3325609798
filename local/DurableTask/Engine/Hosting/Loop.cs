using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>How the worker's loops turn: at every signal, at least once an interval, and on through every error.</summary>
internal static class Loop
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public static async IAsyncEnumerable<int> TurnsAsync(
        AsyncSignal signal, TimeSpan interval, TimeProvider time, [EnumeratorCancellation] CancellationToken stopping)
    {
        for (var turn = 0; !stopping.IsCancellationRequested; turn++)
        {
            yield return turn;
            await signal.WaitAsync(interval, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Does <paramref name="work"/>; after an error pauses, does <paramref name="recover"/>, and tries again.</summary>
    public static async Task TryAsync(
        ILogger logger,
        Func<CancellationToken, Task> work,
        Func<CancellationToken, Task> recover,
        CancellationToken stopping)
    {
        var next = work;
        for (var pause = FirstPause; !stopping.IsCancellationRequested;)
        {
            try
            {
                await next(stopping);
                if (next == work)
                {
                    return;
                }

                next = work;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Logs.LoopInterrupted(logger, exception);
                await Task.Delay(pause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                next = recover;
            }
        }
    }
}
