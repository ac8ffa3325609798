using System.Diagnostics;
using Npgsql;

namespace WebHost.Gps.Ingestion;

/// <summary>
/// The way to one tenant database. It keeps one that answers slowly, or accepts connections and answers nothing, from holding
/// up the points of others: whoever writes waits only so long, then goes on, and the write goes on by itself. While one is
/// overdue, nobody waits at all. How long is waited shrinks to a tenth of a second when a write disappoints, and grows again
/// with what is done in less than the most that is ever waited.
/// </summary>
internal sealed class Lane
{
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(100);

    // Long enough for a loaded server; the message that brought the points has gone back to the queue long before.
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(15);

    private long _patience = MostPatience.Ticks;
    private int _overdue;

    /// <summary>Writes, if the other side is up to it.</summary>
    /// <param name="write">Writes; done twice, it changes nothing.</param>
    /// <param name="cancellationToken">Ends the waiting and the writing.</param>
    /// <returns>What the writing answered, or null when it is not known in time: it may be done later or not at all.</returns>
    public async Task<T?> TryAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellationToken)
        where T : class
    {
        if (Volatile.Read(ref _overdue) > 0)
        {
            return null;
        }

        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(WriteLimit);
        var begin = Stopwatch.GetTimestamp();
        var writing = RunAsync(write, limit);
        try
        {
            var written = await writing.WaitAsync(new TimeSpan(Volatile.Read(ref _patience)), cancellationToken);
            Volatile.Write(ref _patience, Math.Min(MostPatience.Ticks, Volatile.Read(ref _patience) * 2));
            return written;
        }
        catch (TimeoutException) when (!writing.IsCompleted)
        {
            // Its outcome is nobody's concern: the points have been set aside, and being written twice changes nothing.
            Interlocked.Increment(ref _overdue);
            _ = writing.ContinueWith(
                done =>
                {
                    _ = done.Exception;
                    Relent(Stopwatch.GetElapsedTime(begin), done.IsCompletedSuccessfully);
                    Interlocked.Decrement(ref _overdue);
                },
                TaskScheduler.Default);
            Volatile.Write(ref _patience, LeastPatience.Ticks);
            return null;
        }
        catch (Exception failure) when (failure is not PostgresException)
        {
            Volatile.Write(ref _patience, LeastPatience.Ticks);
            throw;
        }
    }

    // What is merely slower than the little patience that is left must get a chance, or its points would go round for ever.
    private void Relent(TimeSpan took, bool succeeded)
    {
        if (succeeded && took < MostPatience)
        {
            Volatile.Write(ref _patience, Math.Min(MostPatience.Ticks, took.Ticks * 2));
        }
    }

    // On a thread of its own: opening a connection to a host that does not answer can block the caller before the first await.
    private static Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> write, CancellationTokenSource limit) => Task.Run(
        async () =>
        {
            using (limit)
            {
                return await write(limit.Token);
            }
        });
}
