using System.Collections.Concurrent;
using System.Diagnostics;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>What came of a load.</summary>
/// <param name="Requests">Requests answered with 2xx.</param>
/// <param name="Refused">Requests answered otherwise.</param>
/// <param name="Elapsed">From the first request to the last answer.</param>
/// <param name="Milliseconds">How long each request took; at a given rate, from when it was due.</param>
internal sealed record LoadResult(int Requests, int Refused, TimeSpan Elapsed, IReadOnlyCollection<double> Milliseconds)
{
    public double PerSecond => Requests / Elapsed.TotalSeconds;

    public double Percentile(double share) => Statistics.Percentile(Milliseconds, share);
}

/// <summary>Loads a host over kept-alive connections.</summary>
internal static class Load
{
    /// <summary>Sends requests as fast as they are answered.</summary>
    /// <param name="port">The host's.</param>
    /// <param name="requests">What each connection sends, one after the other.</param>
    public static async Task<LoadResult> RunAsync(int port, IReadOnlyList<IReadOnlyList<byte[]>> requests)
    {
        var took = new ConcurrentBag<double>();
        var refused = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(requests.Select(own => Task.Run(async () =>
        {
            using var connection = new LoadConnection(port);
            foreach (var request in own)
            {
                var begin = clock.Elapsed;
                Note(await connection.SendAsync(request), clock.Elapsed - begin);
            }
        })));
        return new LoadResult(took.Count, refused, clock.Elapsed, took);

        void Note(int status, TimeSpan time)
        {
            if (status is >= 200 and < 300)
            {
                took.Add(time.TotalMilliseconds);
            }
            else
            {
                Interlocked.Increment(ref refused);
            }
        }
    }

    /// <summary>Sends requests at a rate, whether or not the last ones have been answered, as devices do.</summary>
    /// <param name="port">The host's.</param>
    /// <param name="perSecond">Requests a second over all connections.</param>
    /// <param name="duration">For how long.</param>
    /// <param name="connections">Among how many connections they are divided.</param>
    /// <param name="next">Makes the next request of a connection.</param>
    public static async Task<LoadResult> RunAtAsync(
        int port, double perSecond, TimeSpan duration, int connections, Func<int, byte[]> next)
    {
        var took = new ConcurrentBag<double>();
        var refused = 0;
        var clock = Stopwatch.StartNew();
        var interval = TimeSpan.FromSeconds(connections / perSecond);
        await Task.WhenAll(Enumerable.Range(0, connections).Select(index => Task.Run(async () =>
        {
            using var connection = new LoadConnection(port);
            for (var due = interval * index / connections; due < duration; due += interval)
            {
                var request = next(index);
                if (due - clock.Elapsed is var early && early > TimeSpan.Zero)
                {
                    await Task.Delay(early);
                }

                if (await connection.SendAsync(request) is >= 200 and < 300)
                {
                    took.Add((clock.Elapsed - due).TotalMilliseconds);
                }
                else
                {
                    Interlocked.Increment(ref refused);
                }
            }
        })));
        return new LoadResult(took.Count, refused, clock.Elapsed, took);
    }
}
