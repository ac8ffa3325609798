using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Emergency;
using WebHost.Json;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Quotas;
using WebHost.Tenants;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Emergency;

public sealed class IncidentReportsTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private const string OnTheLostHome = "Vehicles, geofences and assignments of devices that were changed ";

    private static readonly DateTimeOffset Accepted = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset BackedUp = Accepted.AddHours(-10);

    private static readonly RestoredHistory Whole =
        new(Guid.CreateVersion7(), BackedUp, 1_000, [], 500, BackedUp, 0, [], 12.5);

    private static readonly RestoredHistory WithoutBackup = Whole with { BackupId = null, BackupFinishedAt = null, Rows = 0 };

    private static readonly VerifiedHistory Verified = new(500, 0, 1, 0, [], Accepted.AddMinutes(2));

    private readonly FailoverStore _failovers = new(fixture.Control);
    private readonly OperationStore _operations = new(fixture.Control);
    private readonly AlertStore _alerts = new(fixture.Control);
    private readonly DatabaseHealthStore _health = new(fixture.Control);
    private readonly FailoverRows _rows = new(fixture);

    [Fact]
    public async Task Report_of_a_failover_that_has_not_switched_says_that_points_wait_and_of_nothing_that_it_is_lost()
    {
        var (_, failover) = await AddAsync();

        var report = await ComposeAsync(failover);

        Assert.False(report.IsFinal);
        Assert.Equal(new IncidentTimes(null, Accepted, null, null, null), report.Times);
        Assert.Contains("is accepted and waits for the new home", report.Summary, StringComparison.Ordinal);
        Assert.EndsWith("Nothing is known to be lost.", report.Summary, StringComparison.Ordinal);
        Assert.Empty(report.Lost);
        Assert.Equal((null, null), (report.Restored, report.Verified));
    }

    [Fact]
    public async Task Nothing_is_lost_when_the_journal_is_whole_and_the_lost_home_was_reconciled()
    {
        var (tenant, failover) = await AddAsync(Whole, Verified);
        await _failovers.DecideAsync(tenant, 1, HomeOutcome.Reconciled, new { fencedEpoch = 1 }, default);

        var report = await ComposeAsync(failover);

        Assert.Empty(report.Lost);
        Assert.EndsWith("Nothing was lost.", report.Summary, StringComparison.Ordinal);
        Assert.Contains("all 500 points of the journal are there", report.Summary, StringComparison.Ordinal);
        Assert.Equal((5.0, 90.0), (report.Times.SecondsToIngest, report.Times.SecondsToFullHistory));
        Assert.Equal(1, Assert.Single(report.Homes).Report!.Value.GetProperty("fencedEpoch").GetInt32());
        Assert.Equal(Whole with { Replaced = [], Faults = [] }, report.Restored! with { Replaced = [], Faults = [] });
    }

    [Theory]
    [InlineData(HomeOutcome.Awaited, "are on the lost home only; they are fetched when it answers again.")]
    [InlineData(HomeOutcome.Gone, "were on the lost home only. Points are not concerned.")]
    [InlineData(HomeOutcome.GivenUp, "were on the lost home only. Points are not concerned.")]
    public async Task What_was_edited_after_the_backup_is_lost_with_the_home_until_it_is_reconciled(HomeOutcome outcome, string becomes)
    {
        var (tenant, failover) = await AddAsync(Whole, Verified);
        await _failovers.DecideAsync(tenant, 1, outcome, null, default);

        var report = await ComposeAsync(failover);

        Assert.Equal(
            [$"{OnTheLostHome}after the backup of {BackedUp:u} and before {Accepted.AddSeconds(5):u} {becomes}"], report.Lost);
        Assert.EndsWith("What is lost, or may be, is listed below.", report.Summary, StringComparison.Ordinal);
        Assert.Equal(outcome, Assert.Single(report.Homes).Outcome);
    }

    [Fact]
    public async Task Without_a_backup_whatever_was_ever_edited_is_on_the_lost_home()
    {
        var (_, failover) = await AddAsync(WithoutBackup, Verified);

        var report = await ComposeAsync(failover);

        Assert.StartsWith($"{OnTheLostHome}ever, since there was no backup and before ", Assert.Single(report.Lost), StringComparison.Ordinal);
        Assert.Contains("There was no backup", report.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Home_that_never_served_has_nothing_that_could_be_lost()
    {
        var (tenant, replaced) = await AddAsync();
        var failover = await SwitchAsync(await _rows.AddFailoverAsync(tenant), Whole, Verified);
        await _failovers.DecideAsync(tenant, 1, HomeOutcome.Reconciled, null, default);

        var report = await ComposeAsync(failover);

        Assert.Empty(report.Lost);
        Assert.Equal([HomeOutcome.NeverServed, HomeOutcome.Reconciled], report.Homes.Select(home => home.Outcome));
        Assert.Empty((await ComposeAsync(replaced)).Homes);
    }

    [Fact]
    public async Task One_of_two_lost_homes_that_was_not_reconciled_may_have_what_is_lost()
    {
        var (tenant, first) = await AddAsync(Whole, Verified);
        var failover = await SwitchAsync(await _rows.AddFailoverAsync(tenant), Whole, Verified);
        await _failovers.DecideAsync(tenant, 2, HomeOutcome.Reconciled, null, default);

        Assert.NotEqual(first, failover);
        Assert.Contains("they are fetched", Assert.Single((await ComposeAsync(failover)).Lost), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_parts_that_no_older_backup_has_are_lost_and_those_that_one_has_are_not()
    {
        var damaged = Whole with
        {
            Replaced =
            [
                new ReplacedPart("points", new DateOnly(2026, 11, 18), "Its checksum differs.", TakenFrom: null),
                new ReplacedPart("points", new DateOnly(2026, 11, 19), "Its checksum differs.", TakenFrom: Guid.CreateVersion7()),
                new ReplacedPart("*", null, "It is missing.", TakenFrom: null),
            ],
        };
        var (tenant, failover) = await AddAsync(damaged, Verified);
        await _failovers.DecideAsync(tenant, 1, HomeOutcome.GivenUp, null, default);

        var report = await ComposeAsync(failover);

        Assert.Equal(3, report.Lost.Count);
        Assert.Equal(
            "Table points of 2026-11-18: no backup has it whole (Its checksum differs.) What the journal has of it is there.",
            report.Lost[0]);
        Assert.StartsWith("Vehicles, devices and geofences: no backup has it whole (It is missing.)", report.Lost[1], StringComparison.Ordinal);
        Assert.StartsWith(OnTheLostHome, report.Lost[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_of_the_journal_are_lost_until_reading_it_once_more_finds_none()
    {
        var (tenant, failover) = await AddAsync(Whole with { FaultCount = 2, Faults = ["Block 3 is cut off.", "Block 9 is empty."] });
        await _failovers.DecideAsync(tenant, 1, HomeOutcome.Reconciled, null, default);

        Assert.Equal(
            ["Of the journal, 2 parts could not be used: Block 3 is cut off. Block 9 is empty."],
            (await ComposeAsync(failover)).Lost);

        await _failovers.NoteAsync(failover, FailoverFacts.Verified, Verified with { FaultCount = 1, Faults = ["Block 9 is empty."] }, default);
        Assert.Equal(
            ["Of the journal, 1 parts could not be used: Block 9 is empty."], (await ComposeAsync(failover)).Lost);

        await _failovers.NoteAsync(failover, FailoverFacts.Verified, Verified, default);
        Assert.Empty((await ComposeAsync(failover)).Lost);
    }

    [Fact]
    public async Task Cause_is_what_was_asked_found_and_heard()
    {
        var (_, failover) = await AddAsync(Whole, Verified);
        await _failovers.NoteAsync(
            failover, FailoverFacts.LostHome, new HomeCondition(HomePresence.Gone, null, "The database answers and does not know the tenant."), default);
        await _failovers.NoteAsync(failover, FailoverFacts.Vendor, "The vendor says that the disk was replaced.", default);

        Assert.Equal(
            [
                "The failover was asked for with the reason: It burns.",
                "When it was asked for, the home was silent. No connection (ConnectionRefused).",
                "At the switch it was gone. The database answers and does not know the tenant.",
                "The vendor says that the disk was replaced.",
            ],
            (await ComposeAsync(failover)).Cause);
    }

    [Fact]
    public async Task Timeline_tells_alerts_steps_and_outcomes_in_the_order_of_time()
    {
        var (tenant, failover) = await AddAsync();
        await RaiseAsync("storage-slow", tenant.ToString(), "Writes take seconds. Look at the disk.", Accepted.AddMinutes(-20), Accepted.AddMinutes(-10));
        await SwitchAsync(failover, Whole, Verified);
        await StepAsync(failover, "TakeOver", "Have the new home take everything", Accepted.AddSeconds(1), Accepted.AddSeconds(9), attempts: 2);
        await StepAsync(failover, "RestoreHistory", "Restore", Accepted.AddSeconds(6), finished: null, attempts: 1);
        await _failovers.DecideAsync(tenant, 1, HomeOutcome.GivenUp, null, default);
        await _rows.ExecuteAsync("UPDATE homes_left SET outcome_at = $2 WHERE tenant_id = $1", tenant, Accepted.AddDays(1));

        var timeline = (await ComposeAsync(failover)).Timeline;

        Assert.Equal(
            [
                new IncidentEvent(Accepted.AddMinutes(-20), "alert", "storage-slow: Writes take seconds."),
                new IncidentEvent(Accepted.AddMinutes(-10), "alert", "storage-slow: over."),
                new IncidentEvent(Accepted, "operation", "Failover accepted: It burns."),
                new IncidentEvent(Accepted.AddSeconds(1), "operation", "Have the new home take everything: begun."),
                new IncidentEvent(Accepted.AddSeconds(6), "operation", "Restore: begun."),
                new IncidentEvent(Accepted.AddSeconds(9), "operation", "Have the new home take everything: succeeded (2 attempts). It did."),
                new IncidentEvent(Accepted.AddDays(1), "operation", "Lost home 1: given-up."),
            ],
            timeline);
    }

    [Fact]
    public async Task First_sign_is_when_the_lost_database_was_first_seen_to_answer_otherwise_than_it_should()
    {
        var (tenant, failover) = await AddAsync();
        var database = (await fixture.AddDatabaseAsync()).Id;
        await _rows.ExecuteAsync("UPDATE failovers SET source_database = $2 WHERE operation_id = $1", failover, database);
        await RaiseAsync("over-quota", tenant.ToString(), "", Accepted.AddMinutes(-30), null);
        await _health.NoteAsync(database, new DatabaseSight(DatabaseState.Answering, "It answers."), Accepted.AddMinutes(-40), default);
        Assert.Null((await ComposeAsync(failover)).Times.FirstSeen);

        await _health.NoteAsync(database, new DatabaseSight(DatabaseState.Slow, "It takes 9 s."), Accepted.AddMinutes(-5), default);
        await _health.NoteAsync(database, new DatabaseSight(DatabaseState.Silent, "Nobody answers."), Accepted.AddMinutes(-3), default);
        await _health.NoteAsync(database, new DatabaseSight(DatabaseState.Gone, "It is empty."), Accepted.AddMinutes(9), default);

        var report = await ComposeAsync(failover);
        Assert.Equal(Accepted.AddMinutes(-5), report.Times.FirstSeen);
        Assert.Equal($"The home's database was silent from {Accepted.AddMinutes(-3):u} on. Nobody answers.", report.Cause[0]);
        Assert.Equal(
            [(-40.0, "answering. It answers."), (-5, "slow. It takes 9 s."), (-3, "silent. Nobody answers."), (9, "gone. It is empty.")],
            report.Timeline.Where(told => told.By == "health")
                .Select(told => ((told.At - Accepted).TotalMinutes, told.Text.Replace("The lost home's database is ", "", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Alerts_are_told_about_the_tenant_and_what_served_it_from_an_hour_before_on()
    {
        var server = await fixture.AddServerAsync(10);
        var (tenant, failover) = await AddAsync(serverId: server.Id);
        await RaiseAsync("long-over", tenant.ToString(), "", Accepted.AddHours(-3), Accepted.AddHours(-2));
        await RaiseAsync("elsewhere", Guid.NewGuid().ToString(), "", Accepted.AddMinutes(-50), null);
        await RaiseAsync("late", tenant.ToString(), "", Accepted.AddMinutes(1), null);
        await RaiseAsync("slow", failover.ToString(), "", Accepted.AddMinutes(-5), null);
        await RaiseAsync("unreachable", server.Id.ToString(), "", Accepted.AddHours(-7), null);

        Assert.Equal(
            ["unreachable", "slow", "late"],
            (await ComposeAsync(failover)).Timeline.Where(told => told.By == "alert").Select(told => told.Text.Split(':')[0]));
    }

    [Fact]
    public async Task Limits_are_those_of_servers_storage_and_the_journal()
    {
        var (tenant, failover) = await AddAsync(Whole, Verified);
        var target = await fixture.AddServerAsync(4);
        await _rows.ExecuteAsync("UPDATE homes SET server_id = $2 WHERE tenant_id = $1 AND number = 2", tenant, target.Id);
        await _rows.ExecuteAsync(
            "INSERT INTO tenant_storage (tenant_id, points, bytes, over_quota, measured_at) VALUES ($1, 9, 95000000, false, now())", tenant);

        var limits = (await ComposeAsync(failover, Accepted.AddHours(38))).Limits.ToDictionary(limit => limit.Name);

        Assert.Equal((0, 4, false), Figures(limits[$"Slots of server {target.Name}"]));
        Assert.True(limits["Slots of all servers that take tenants"].Limit >= 4);
        Assert.Equal((9, false), (limits["Points stored"].Used, limits["Points stored"].IsNear));
        Assert.Equal("MB", limits["Storage"].Unit);
        Assert.Equal(95, limits["Storage"].Used);
        var age = limits["Age of the newest backup, against what the journal keeps"];
        Assert.Equal((48, new BackupSettings().JournalRetention.TotalHours), (age.Used, age.Limit));
    }

    [Fact]
    public async Task Limits_of_what_the_tenant_has_not_are_left_out()
    {
        var (_, failover) = await AddAsync(WithoutBackup);

        Assert.Equal(
            ["Slots of all servers that take tenants"], (await ComposeAsync(failover)).Limits.Select(limit => limit.Name));
    }

    [Theory]
    [InlineData(79, 100, false)]
    [InlineData(80, 100, true)]
    [InlineData(120, 100, true)]
    [InlineData(5, 0, false)]
    public void Limit_is_near_from_four_fifths_on(double used, double limit, bool isNear) =>
        Assert.Equal(isNear, new IncidentLimit("Room", used, limit, "m²").IsNear);

    [Fact]
    public async Task Report_that_was_written_at_the_end_is_kept_and_not_composed_anew()
    {
        var (tenant, failover) = await AddAsync(Whole, Verified);
        await _rows.EnterAsync(failover, FailoverState.Closing, FailoverState.Done);
        var written = await ComposeAsync(failover);
        await _failovers.NoteAsync(failover, FailoverFacts.Report, written, default);

        await _rows.ExecuteAsync("UPDATE tenants SET company = 'Renamed' WHERE id = $1", tenant);
        await RaiseAsync("storage-slow", tenant.ToString(), "It was slow before.", Accepted.AddMinutes(-20), null);
        var kept = await ComposeAsync(failover, Accepted.AddDays(30));

        Assert.True(kept.IsFinal);
        Assert.NotNull(kept.Times.Ended);
        Assert.Equal("Acme", kept.Company);
        Assert.Equal(JsonSerializer.Serialize(written, JsonText.Options), JsonSerializer.Serialize(kept, JsonText.Options));
    }

    [Fact]
    public async Task Operation_that_is_no_failover_has_no_report()
    {
        var move = await _rows.AddMoveAsync(await _rows.AddTenantAsync());

        await Assert.ThrowsAsync<InvalidOperationException>(() => ComposeAsync(move));
    }

    private async Task<(Guid Tenant, Guid Failover)> AddAsync(
        RestoredHistory? restored = null, VerifiedHistory? verified = null, Guid? serverId = null)
    {
        var tenant = await _rows.AddTenantAsync(serverId: serverId);
        var failover = await _rows.AddFailoverAsync(
            tenant, steps: [new PlannedStep("TakeOver", "Have the new home take everything"), new PlannedStep("RestoreHistory", "Restore")]);
        await _rows.ExecuteAsync("UPDATE failovers SET created_at = $2 WHERE operation_id = $1", failover, Accepted);
        if (restored is not null)
        {
            await SwitchAsync(failover, restored, verified);
        }

        return (tenant, failover);
    }

    private async Task<Guid> SwitchAsync(Guid failover, RestoredHistory restored, VerifiedHistory? verified)
    {
        await _rows.EnterAsync(failover, FailoverState.Serving);
        await _failovers.NoteAsync(failover, FailoverFacts.Restored, restored, default);
        if (verified is not null)
        {
            await _rows.EnterAsync(failover, FailoverState.Restored);
            await _failovers.NoteAsync(failover, FailoverFacts.Verified, verified, default);
        }

        await _rows.ExecuteAsync(
            """
            UPDATE failovers SET created_at = $2, switched_at = $2 + interval '5 s',
                restored_at = CASE WHEN restored_at IS NOT NULL THEN $2 + interval '90 s' END
            WHERE operation_id = $1
            """,
            failover, Accepted);
        return failover;
    }

    private async Task StepAsync(
        Guid operation, string step, string title, DateTimeOffset started, DateTimeOffset? finished, int attempts)
    {
        for (var i = 0; i < attempts; i++)
        {
            await _operations.BeginStepAsync(operation, step, default);
        }

        if (finished is not null)
        {
            await _operations.EndStepAsync(operation, step, StepState.Succeeded, "It did.", default);
        }

        Assert.Equal(
            title, (await _operations.FindAsync(operation, default))!.Steps.Single(planned => planned.Name == step).Title);
        await _rows.ExecuteAsync(
            "UPDATE operation_steps SET started_at = $3, finished_at = $4::timestamptz WHERE operation_id = $1 AND name = $2",
            operation, step, started, finished);
    }

    private async Task RaiseAsync(
        string kind, string subject, string message, DateTimeOffset raised, DateTimeOffset? resolved)
    {
        await _alerts.RaiseAsync(kind, subject, message, default);
        await _rows.ExecuteAsync(
            "UPDATE alerts SET raised_at = $3, resolved_at = $4::timestamptz WHERE kind = $1 AND subject = $2",
            kind, subject, raised, resolved);
    }

    private static (double Used, double Limit, bool IsNear) Figures(IncidentLimit limit) => (limit.Used, limit.Limit, limit.IsNear);

    private Task<IncidentReport> ComposeAsync(Guid failover, DateTimeOffset? now = null) => new IncidentReports(
        _failovers,
        _operations,
        new TenantStore(fixture.Control),
        new PlacementStore(fixture.Control),
        new ServerStore(fixture.Control),
        new StorageKeeper(
            fixture.Control, new PlacementStore(fixture.Control), fixture.Databases, _alerts, NullLogger<StorageKeeper>.Instance),
        _alerts,
        _health,
        TestSettings.Any,
        new FixedClock(now ?? Accepted.AddDays(2))).ComposeAsync(failover, default);
}
