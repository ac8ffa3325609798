using System.Collections.Concurrent;
using Npgsql;

namespace WebHost.Migration;

/// <summary>Works off chunks with a few connections at once.</summary>
internal static class ChunkWorkers
{
    // Enough to keep compression and network busy at the same time; few enough for a server that serves 150 tenants meanwhile.
    private const int Workers = 4;

    /// <summary>Works until all chunks are done, or until one fails: then the others are cancelled and its error is thrown.</summary>
    /// <param name="chunks">The chunks.</param>
    /// <param name="open">Opens a worker's connection; the worker disposes of it.</param>
    /// <param name="work">Works off one chunk.</param>
    /// <param name="cancellationToken">Cancels all.</param>
    public static async Task RunAsync<T>(
        IEnumerable<T> chunks,
        Func<CancellationToken, Task<NpgsqlConnection>> open,
        Func<NpgsqlConnection, T, CancellationToken, Task> work,
        CancellationToken cancellationToken)
    {
        var queue = new ConcurrentQueue<T>(chunks);
        using var first = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? failure = null;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Workers, queue.Count)).Select(async _ =>
        {
            try
            {
                await using var connection = await open(first.Token);
                while (queue.TryDequeue(out var chunk))
                {
                    await work(connection, chunk, first.Token);
                }
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
                await first.CancelAsync();
            }
        }));
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }
}
