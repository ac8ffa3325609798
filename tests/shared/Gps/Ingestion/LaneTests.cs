using WebHost.Gps.Ingestion;

namespace WebHost.Tests.Gps.Ingestion;

public sealed class LaneTests
{
    private readonly Lane _lane = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Try_what_is_done_in_time_is_answered() =>
        Assert.Equal("done", await _lane.TryAsync(_ => Task.FromResult("done"), Cancellation));

    [Fact]
    public async Task Try_while_a_write_is_overdue_nobody_waits_and_nothing_is_begun()
    {
        var hanging = new TaskCompletionSource<string>();
        Assert.Null(await _lane.TryAsync(_ => hanging.Task, Cancellation));
        var begun = false;

        var answer = _lane.TryAsync(
            _ =>
            {
                begun = true;
                return Task.FromResult("done");
            },
            Cancellation);

        Assert.True(answer.IsCompleted);
        Assert.Null(await answer);
        Assert.False(begun);
        hanging.SetResult("late");
    }

    [Fact]
    public async Task Try_after_a_failure_waits_little_and_yet_lets_what_is_merely_slower_get_through()
    {
        await Assert.ThrowsAsync<IOException>(
            () => _lane.TryAsync<string>(_ => throw new IOException("gone"), Cancellation));
        var slow = new TaskCompletionSource<string>();

        Assert.Null(await _lane.TryAsync(_ => slow.Task, Cancellation));
        slow.SetResult("done at last");

        // The write that went on by itself was slower than what was waited: so much is waited from now on, and more.
        await Testing.Eventually.IsTrueAsync(async () => await _lane.TryAsync(_ => Task.FromResult("done"), Cancellation) is not null);
    }

    [Fact]
    public async Task Try_write_that_fails_when_it_is_overdue_disturbs_nobody()
    {
        var hanging = new TaskCompletionSource<string>();
        Assert.Null(await _lane.TryAsync(_ => hanging.Task, Cancellation));

        hanging.SetException(new IOException("gone"));

        await Testing.Eventually.IsTrueAsync(async () => await _lane.TryAsync(_ => Task.FromResult("done"), Cancellation) is not null);
    }
}
