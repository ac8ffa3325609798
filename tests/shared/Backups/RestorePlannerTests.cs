using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Placement;
using WebHost.Tenants;
using WebHost.Testing;

namespace WebHost.Tests.Backups;

/// <summary>To which moments a tenant can be brought back, by what there is. The journal lasts four days.</summary>
public sealed class RestorePlannerTests(BackupFixture fixture) : IClassFixture<BackupFixture>, IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);

    private TenantPlacement _tenant = null!;

    public async ValueTask InitializeAsync()
    {
        _tenant = await fixture.Moving.Control.AddRoutedTenantAsync();
        await SignedUpAsync(daysAgo: 60);
    }

    public ValueTask DisposeAsync() => default;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1.5, 2)]
    public async Task Assess_newest_backup_before_the_moment_is_taken_while_the_journal_goes_on_from_it(double daysAgo, int backup)
    {
        var ids = await AddBackupsAsync(1, 2);

        var plan = (await AssessAsync(DaysAgo(daysAgo))).Plan;

        Assert.Equal((ids[backup], DaysAgo(daysAgo)), (plan?.Backup?.Id, plan?.To));
        Assert.NotNull(plan?.Journal);
    }

    [Fact]
    public async Task Assess_moment_between_backups_of_which_the_journal_is_gone_is_impossible_and_the_backup_is_offered()
    {
        var ids = await AddBackupsAsync(1, 20, 27);

        var assessment = await AssessAsync(DaysAgo(15));

        Assert.Null(assessment.Plan);
        Assert.Contains(ids[20].ToString(), Assert.Single(assessment.Obstacles["to"]), StringComparison.Ordinal);
        var whole = (await AssessAsync(to: null, ids[20])).Plan;
        Assert.Equal((ids[20], DaysAgo(20), null), (whole?.Backup?.Id, whole?.To, whole?.Journal));
    }

    [Fact]
    public async Task Assess_moment_before_all_backups_is_possible_only_while_the_journal_has_everything()
    {
        await AddBackupsAsync(1);
        Assert.Contains("reaches back", Assert.Single((await AssessAsync(DaysAgo(2))).Obstacles["to"]), StringComparison.Ordinal);

        await SignedUpAsync(daysAgo: 3);

        var plan = (await AssessAsync(DaysAgo(2))).Plan;
        Assert.NotNull(plan?.Journal);
        Assert.Null(plan.Backup);
    }

    [Fact]
    public async Task Assess_tenant_without_any_backup_has_all_in_the_journal_however_old_it_is()
    {
        var plan = (await AssessAsync(to: null)).Plan;

        Assert.Equal(Now, plan?.To);
        Assert.Null(plan?.Backup);
    }

    [Fact]
    public async Task Assess_everything_that_stands_against_it_is_said_at_once()
    {
        var ids = await AddBackupsAsync(1);

        var future = await AssessAsync(Now.AddSeconds(1), Guid.NewGuid(), scratchDatabase: null);
        var early = await AssessAsync(DaysAgo(61));
        var newer = await AssessAsync(DaysAgo(2), ids[1]);

        Assert.Equal(["backupId", "scratchDatabase", "to"], future.Obstacles.Keys.Order());
        Assert.Contains("signed up", Assert.Single(early.Obstacles["to"]), StringComparison.Ordinal);
        Assert.Contains("newer", Assert.Single(newer.Obstacles["backupId"]), StringComparison.Ordinal);
        await Assert.ThrowsAsync<TenantUnknownException>(() => Planner(null).AssessAsync(Guid.NewGuid(), new RestoreRequest(null, null), default));
    }

    private static DateTimeOffset DaysAgo(double days) => Now.AddDays(-days);

    private Task<RestoreAssessment> AssessAsync(DateTimeOffset? to, Guid? backupId = null) =>
        AssessAsync(to, backupId, TestDatabase.ServerConnectionString);

    private Task<RestoreAssessment> AssessAsync(DateTimeOffset? to, Guid? backupId, string? scratchDatabase) =>
        Planner(scratchDatabase).AssessAsync(_tenant.TenantId, new RestoreRequest(to, backupId), default);

    private RestorePlanner Planner(string? scratchDatabase) => new(
        fixture.Moving.Control.Control,
        new TenantStore(fixture.Moving.Control.Control),
        fixture.Store,
        BackupFixture.Of(new BackupSettings { ScratchDatabase = scratchDatabase }),
        new FixedClock(Now));

    private Task SignedUpAsync(int daysAgo) => fixture.Moving.Control.RunInControlAsync(
        "UPDATE tenants SET created_at = $2 WHERE id = $1", _tenant.TenantId, DaysAgo(daysAgo));

    // Each took an hour.
    private async Task<Dictionary<int, Guid>> AddBackupsAsync(params int[] finishedDaysAgo)
    {
        var ids = finishedDaysAgo.ToDictionary(days => days, _ => Guid.NewGuid());
        foreach (var (days, id) in ids)
        {
            await fixture.Moving.Control.RunInControlAsync(
                """
                INSERT INTO backups (id, tenant_id, state, reason, started_at, finished_at)
                VALUES ($1, $2, 'finished', 'nightly', $3 - interval '1 h', $3)
                """,
                id, _tenant.TenantId, DaysAgo(days));
        }

        return ids;
    }
}
