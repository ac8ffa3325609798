using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace WebHost.Testing;

/// <summary>Waits for what another thread or process brings about: polls until it is so, fails at a deadline.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>Returns when <paramref name="condition"/> holds; throws, naming it, when the deadline passes first.</summary>
    public static Task IsTrueAsync(
        Func<Task<bool>> condition,
        TimeSpan? deadline = null,
        [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        GetAsync(async () => await condition() ? condition : null, deadline, expression);

    /// <summary>Returns the first value that is not null; throws when the deadline passes first.</summary>
    public static async Task<T> GetAsync<T>(
        Func<Task<T?>> probe,
        TimeSpan? deadline = null,
        [CallerArgumentExpression(nameof(probe))] string expression = "")
        where T : class
    {
        var limit = deadline ?? DefaultDeadline;
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await probe() is { } value)
            {
                return value;
            }

            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"Not within {limit.TotalSeconds:0.#} s: {expression}");
            }

            await Task.Delay(PollInterval);
        }
    }
}
