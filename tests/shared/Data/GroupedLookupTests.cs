using System.Collections.Concurrent;
using WebHost.Data;
using WebHost.Testing;

namespace WebHost.Tests.Data;

public sealed class GroupedLookupTests
{
    private readonly ConcurrentQueue<string[]> _asked = [];
    private readonly ConcurrentQueue<TaskCompletionSource> _gates = [];
    private readonly GroupedLookup<string, string> _lookup;

    public GroupedLookupTests() => _lookup = new GroupedLookup<string, string>(LookUpAsync);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_asked_while_a_lookup_is_under_way_goes_together_in_the_next()
    {
        var first = await BeginAsync("a");
        Task<string?>[] meanwhile = [FindAsync("b"), FindAsync("c"), FindAsync("b"), FindAsync("unknown")];

        first.Gate.SetResult();
        (await NextGateAsync()).SetResult();

        Assert.Equal("A", await first.Found);
        Assert.Equal(["B", "C", "B", null], await Task.WhenAll(meanwhile));
        Assert.Equal(["a", "b,c,unknown"], _asked.Select(keys => string.Join(',', keys.Order())));
    }

    [Fact]
    public async Task Whoever_asks_for_what_is_being_looked_up_is_told_what_is_true_after_he_asked()
    {
        var first = await BeginAsync("a");
        var later = FindAsync("a");

        first.Gate.SetResult();
        (await NextGateAsync()).SetResult();

        Assert.Equal(("A", "A"), (await first.Found, await later));
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task Lookup_that_fails_fails_those_who_shared_it_and_not_the_next()
    {
        var first = await BeginAsync("a");
        Task<string?>[] shared = [FindAsync("b"), FindAsync("c")];
        first.Gate.SetResult();
        var second = await NextGateAsync();
        var later = FindAsync("b");

        second.SetException(new TimeoutException("The database does not answer."));
        (await NextGateAsync()).SetResult();

        foreach (var failed in shared)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => failed);
        }

        Assert.Equal("B", await later);
    }

    [Fact]
    public async Task Caller_who_gives_up_takes_nothing_from_those_who_asked_with_him()
    {
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var first = await BeginAsync("a");
        var gone = _lookup.FindAsync("b", impatience.Token);
        var patient = FindAsync("b");

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        first.Gate.SetResult();
        (await NextGateAsync()).SetResult();
        Assert.Equal("B", await patient);
    }

    private Task<string?> FindAsync(string key) => _lookup.FindAsync(key, Cancellation);

    private async Task<(Task<string?> Found, TaskCompletionSource Gate)> BeginAsync(string key)
    {
        var found = FindAsync(key);
        return (found, await NextGateAsync());
    }

    // The lookup that has begun waits at its gate.
    private async Task<TaskCompletionSource> NextGateAsync() => await Eventually.GetAsync(
        () => Task.FromResult(_gates.TryDequeue(out var gate) ? gate : null));

    private async Task<IReadOnlyDictionary<string, string>> LookUpAsync(IReadOnlyCollection<string> keys)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked.Enqueue([.. keys]);
        _gates.Enqueue(gate);
        await gate.Task;
        return keys.Where(key => key.Length == 1).ToDictionary(key => key, key => key.ToUpperInvariant());
    }
}
