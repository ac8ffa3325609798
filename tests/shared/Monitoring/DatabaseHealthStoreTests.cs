using WebHost.Monitoring;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Monitoring;

public sealed class DatabaseHealthStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static readonly DateTimeOffset Start = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly DatabaseSight Answering = new(DatabaseState.Answering, "It answers.");
    private static readonly DatabaseSight Slow = new(DatabaseState.Slow, "It took 4.0 s to answer.");
    private static readonly DatabaseSight Silent = new(DatabaseState.Silent, "No connection.");
    private static readonly DatabaseSight Gone = new(DatabaseState.Gone, "It does not exist.");

    private readonly DatabaseHealthStore _health = new(fixture.Control);

    [Fact]
    public async Task History_tells_every_state_once_with_its_times()
    {
        var database = Guid.NewGuid();

        await NoteAsync(database, Answering, Answering, Slow, Slow, Silent, Silent, Gone, Answering);

        Assert.Equal(
            [
                new DatabasePhase(DatabaseState.Answering, Answering.Reason, At(0), At(2)),
                new DatabasePhase(DatabaseState.Slow, Slow.Reason, At(2), At(4)),
                new DatabasePhase(DatabaseState.Silent, Silent.Reason, At(4), At(6)),
                new DatabasePhase(DatabaseState.Gone, Gone.Reason, At(6), At(7)),
                new DatabasePhase(DatabaseState.Answering, Answering.Reason, At(7), null),
            ],
            await _health.HistoryAsync(database, At(0), At(7), default));
        Assert.Equal(
            [DatabaseState.Slow, DatabaseState.Silent], await StatesBetweenAsync(database, At(3), At(5)));
        Assert.Equal([DatabaseState.Answering], await StatesBetweenAsync(database, At(50), At(60)));
        Assert.Empty(await StatesBetweenAsync(database, At(-2), At(-1)));
    }

    [Fact]
    public async Task What_serves_nobody_is_lost_since_it_was_first_seen_so_through_all_states()
    {
        var database = Guid.NewGuid();

        await NoteAsync(database, Answering, Slow, Silent, Silent, Gone, Silent);
        var lost = await FindAsync(database);
        await _health.NoteAsync(database, Slow, At(6), default);
        var found = await FindAsync(database);

        Assert.Equal((At(2), At(2), At(1), At(5)), (lost!.LostSince, lost.SeenSince, lost.AnsweredAt, lost.LookedAt));
        Assert.Equal((null, null, At(6), At(6)), (found!.LostSince, found.SeenSince, found.AnsweredAt, found.LookedAt));
    }

    [Theory]
    [InlineData(DatabaseState.Silent)]
    [InlineData(DatabaseState.Gone)]
    public async Task Silence_that_nobody_looked_at_for_a_while_counts_as_seen_from_the_next_look_on(DatabaseState next)
    {
        var database = Guid.NewGuid();
        var (first, second) = (At(0), At(0) + DatabaseHealthStore.LongestPause);
        var late = second + DatabaseHealthStore.LongestPause + TimeSpan.FromSeconds(1);

        await _health.NoteAsync(database, Silent, first, default);
        await _health.NoteAsync(database, new DatabaseSight(next, "Still."), second, default);
        var seen = await FindAsync(database);
        await _health.NoteAsync(database, Silent, late, default);
        var later = await FindAsync(database);

        Assert.Equal((first, first), (seen!.LostSince, seen.SeenSince));
        Assert.Equal((first, late), (later!.LostSince, later.SeenSince));
    }

    [Fact]
    public async Task Change_that_many_see_at_once_is_noted_once()
    {
        var database = Guid.NewGuid();
        foreach (var (sight, at) in ((DatabaseSight, int)[])[(Answering, 0), (Silent, 100), (Answering, 200)])
        {
            var noted = await Task.WhenAll(Enumerable.Range(0, 16).Select(
                watcher => Task.Run(() => _health.NoteAsync(database, sight, At(at + watcher), default))));

            Assert.Single(noted, changed => changed);
        }

        Assert.Equal(
            [DatabaseState.Answering, DatabaseState.Silent, DatabaseState.Answering],
            await StatesBetweenAsync(database, At(0), At(999)));
    }

    [Fact]
    public async Task Look_that_began_before_the_last_one_noted_is_left_out()
    {
        var database = Guid.NewGuid();
        await _health.NoteAsync(database, Answering, At(5), default);

        Assert.False(await _health.NoteAsync(database, Silent, At(4), default));
        Assert.False(await _health.NoteAsync(database, Answering, At(3), default));

        Assert.Equal((DatabaseState.Answering, At(5)), ((await FindAsync(database))!.State, (await FindAsync(database))!.AnsweredAt));
    }

    [Fact]
    public async Task What_is_not_watched_any_more_ends_and_what_was_looked_at_since_does_not()
    {
        var (kept, left, newer) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        await _health.NoteAsync(kept, Answering, At(0), default);
        await _health.NoteAsync(left, Silent, At(0), default);
        await _health.NoteAsync(newer, Answering, At(9), default);

        await _health.EndOthersAsync([kept], At(8), default);

        var now = await _health.ListAsync(default);
        Assert.Contains(now, database => database.DatabaseId == kept);
        Assert.Contains(now, database => database.DatabaseId == newer);
        Assert.DoesNotContain(now, database => database.DatabaseId == left);
        Assert.Equal(At(8), Assert.Single(await _health.HistoryAsync(left, At(0), At(9), default)).Until);
    }

    [Fact]
    public async Task Only_what_was_over_by_then_is_forgotten()
    {
        var database = Guid.NewGuid();
        await NoteAsync(database, Answering, Silent, Answering);

        await _health.PruneAsync(At(2), default);

        Assert.Equal([DatabaseState.Silent, DatabaseState.Answering], await StatesBetweenAsync(database, At(0), At(9)));
    }

    private static DateTimeOffset At(int seconds) => Start.AddSeconds(seconds);

    private async Task NoteAsync(Guid database, params DatabaseSight[] sights)
    {
        foreach (var (second, sight) in sights.Index())
        {
            await _health.NoteAsync(database, sight, At(second), default);
        }
    }

    private async Task<IEnumerable<DatabaseState>> StatesBetweenAsync(Guid database, DateTimeOffset from, DateTimeOffset to) =>
        (await _health.HistoryAsync(database, from, to, default)).Select(phase => phase.State);

    private async Task<DatabaseCondition?> FindAsync(Guid database) =>
        (await _health.ListAsync(default)).SingleOrDefault(found => found.DatabaseId == database);
}
