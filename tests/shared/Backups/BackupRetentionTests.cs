using CsCheck;
using WebHost.Backups;

namespace WebHost.Tests.Backups;

public sealed class BackupRetentionTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly BackupRetention Standard = new(7, 4, 6);

    [Fact]
    public void A_year_of_nightly_backups_leaves_seven_days_four_weeks_and_six_months()
    {
        var backups = Enumerable.Range(0, 365).Select(age => Of(Noon.AddDays(-age))).ToList();

        var kept = Kept(Standard, backups);

        // 31 March 2026 is a Tuesday: the last days of four weeks are today and three Sundays, of six months today and five
        // ends.
        Assert.Equal(
            [
                .. Enumerable.Range(0, 7).Select(age => Noon.AddDays(-age).Date),
                new(2026, 3, 22), new(2026, 3, 15), new(2026, 2, 28), new(2026, 1, 31), new(2025, 12, 31),
                new(2025, 11, 30), new(2025, 10, 31),
            ],
            kept.Select(backup => backup.FinishedAt!.Value.Date));
    }

    [Fact]
    public void Of_a_day_the_newest_is_kept()
    {
        var (early, late) = (Of(Noon.AddHours(-3)), Of(Noon.AddHours(-1)));

        Assert.Equal([late], Kept(Standard, [early, late]));
    }

    [Fact]
    public void The_newest_with_a_fault_does_not_displace_the_newest_without()
    {
        var good = Of(Noon.AddHours(-3));
        var faulty = Of(Noon.AddHours(-1)) with { Fault = "a file is damaged" };

        Assert.Equal([faulty, good], Kept(new BackupRetention(1, 0, 0), [good, faulty]));
    }

    [Fact]
    public void Whatever_was_kept_before_stays_kept_in_the_same_place_when_pruned_again() =>
        Backups.Sample(backups =>
        {
            var kept = Kept(Standard, backups);
            Assert.Equal(kept, Kept(Standard, kept));
        });

    [Fact]
    public void The_newest_is_kept_and_no_more_than_each_rule_allows() =>
        Backups.Sample(backups =>
        {
            var kept = Kept(Standard, backups);
            Assert.Contains(backups.MaxBy(backup => backup.FinishedAt)!, kept);
            Assert.InRange(kept.Count, 1, 7 + 4 + 6 + 2);
        });

    private static Gen<List<Backup>> Backups =>
        (from hours in Gen.Int[0, 5_000] from faulty in Gen.Bool select (hours, faulty)).List[1, 60].Select(
            found => found.DistinctBy(one => one.hours)
                .Select(one => Of(Noon.AddHours(-one.hours)) with { Fault = one.faulty ? "damaged" : null }).ToList());

    private static List<Backup> Kept(BackupRetention retention, IReadOnlyCollection<Backup> backups)
    {
        var kept = retention.Keep(backups);
        return [.. backups.Where(backup => kept.Contains(backup.Id)).OrderByDescending(backup => backup.FinishedAt)];
    }

    private static Backup Of(DateTimeOffset finishedAt) => new()
    {
        Id = Guid.CreateVersion7(),
        TenantId = Guid.Empty,
        State = BackupState.Finished,
        Reason = BackupReason.Nightly,
        StartedAt = finishedAt.AddMinutes(-1),
        FinishedAt = finishedAt,
    };
}
