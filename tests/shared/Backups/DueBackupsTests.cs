using WebHost.Placement;

namespace WebHost.Tests.Backups;

/// <summary>Which tenants are to be backed up in a night. The night's backups begin at one.</summary>
public sealed class DueBackupsTests(BackupFixture fixture) : IClassFixture<BackupFixture>
{
    private static readonly DateTimeOffset One = new(2026, 3, 31, 1, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Due_are_the_served_who_were_there_and_have_none_since_those_first_who_have_waited_longest()
    {
        var never = await AddAsync(signedUp: -24);
        var old = await AddAsync(signedUp: -90);
        await AddBackupAsync(old, "finished", started: -48, finished: -47);
        var lastNight = await AddAsync(signedUp: -90);
        await AddBackupAsync(lastNight, "finished", started: -24, finished: -23);
        var done = await AddAsync(signedUp: -90);
        await AddBackupAsync(done, "finished", started: -24, finished: -23);
        await AddBackupAsync(done, "finished", started: 0.1, finished: 0.2);
        var begunBefore = await AddAsync(signedUp: -90);
        await AddBackupAsync(begunBefore, "finished", started: -0.5, finished: 0.5);
        var atWork = await AddAsync(signedUp: -90);
        await AddBackupAsync(atWork, "running", started: 1.5, finished: null);
        var failedJustNow = await AddAsync(signedUp: -90);
        await AddBackupAsync(failedJustNow, "failed", started: 1.5, finished: null);
        var failedLongAgo = await AddAsync(signedUp: -90);
        await AddBackupAsync(failedLongAgo, "finished", started: -72, finished: -71);
        await AddBackupAsync(failedLongAgo, "failed", started: 0.1, finished: null);
        var newcomer = await AddAsync(signedUp: 1);
        var unserved = await fixture.Moving.Control.AddServedTenantAsync();
        await SignedUpAsync(unserved, -90);
        Guid[] ours = [.. new[] { never, old, lastNight, done, begunBefore, atWork, failedJustNow, failedLongAgo, newcomer, unserved }
            .Select(tenant => tenant.TenantId)];

        // At three: what was tried after two is left alone.
        var due = await fixture.Store.ListDueAsync(One, One.AddHours(1), 1_000, default);
        var two = await fixture.Store.ListDueAsync(One, One.AddHours(1), 2, default);

        Assert.Equal(
            [never.TenantId, failedLongAgo.TenantId, old.TenantId, lastNight.TenantId],
            due.Where(ours.Contains));
        Assert.Equal(due.Take(2), two);
    }

    [Fact]
    public async Task Backup_that_waits_until_its_tenant_is_settled_takes_nobody_elses_place()
    {
        var waiting = await AddAsync(signedUp: -90);
        var atWork = await AddAsync(signedUp: -90);
        var before = await fixture.Store.CountAtWorkAsync(default);

        await AddBackupAsync(waiting, "running", started: 0.1, finished: null);
        await AddBackupAsync(atWork, "running", started: 0.1, finished: null);
        await fixture.Moving.Control.RunInControlAsync(
            """
            INSERT INTO operations (id, kind, tenant_id, orchestrator, input, state)
            SELECT id, 'backup', tenant_id, 'none', '{}', CASE WHEN tenant_id = $1 THEN 'waiting' ELSE 'running' END
            FROM backups WHERE tenant_id IN ($1, $2)
            """,
            waiting.TenantId, atWork.TenantId);

        Assert.Equal(before + 1, await fixture.Store.CountAtWorkAsync(default));

        // They would be refused, in the places of others.
        var due = await fixture.Store.ListDueAsync(One, One.AddHours(1), 1_000, default);
        Assert.DoesNotContain(waiting.TenantId, due);
        Assert.DoesNotContain(atWork.TenantId, due);
    }

    private async Task<TenantPlacement> AddAsync(double signedUp)
    {
        var tenant = await fixture.Moving.Control.AddRoutedTenantAsync();
        await SignedUpAsync(tenant, signedUp);
        return tenant;
    }

    private Task SignedUpAsync(TenantPlacement tenant, double hours) => fixture.Moving.Control.RunInControlAsync(
        "UPDATE tenants SET created_at = $2 WHERE id = $1", tenant.TenantId, One.AddHours(hours));

    private Task AddBackupAsync(TenantPlacement tenant, string state, double started, double? finished) =>
        fixture.Moving.Control.RunInControlAsync(
            """
            INSERT INTO backups (id, tenant_id, state, reason, started_at, finished_at)
            VALUES (gen_random_uuid(), $1, $2, 'nightly', $3, $4::timestamptz)
            """,
            tenant.TenantId, state, One.AddHours(started), finished is { } hours ? One.AddHours(hours) : null);
}
