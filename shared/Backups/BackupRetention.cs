using System.Globalization;

namespace WebHost.Backups;

/// <summary>Which backups are kept: the newest of each of the last days, weeks and months that have one.</summary>
/// <param name="Daily">Days.</param>
/// <param name="Weekly">Weeks, from Monday.</param>
/// <param name="Monthly">Months.</param>
public sealed record BackupRetention(int Daily, int Weekly, int Monthly)
{
    /// <summary>
    /// Those of a tenant's finished backups that are kept. The newest always is, and so is the newest in which no fault was
    /// found; within a day, week or month, one with a fault gives way to one without.
    /// </summary>
    public IReadOnlySet<Guid> Keep(IReadOnlyCollection<Backup> finished)
    {
        ArgumentNullException.ThrowIfNull(finished);
        var newestFirst = finished.OrderByDescending(backup => backup.FinishedAt).ToList();
        var kept = new HashSet<Guid>();
        kept.UnionWith(newestFirst.Take(1).Select(backup => backup.Id));
        kept.UnionWith(newestFirst.Where(backup => backup.Fault is null).Take(1).Select(backup => backup.Id));
        kept.UnionWith(NewestOf(newestFirst, Daily, Day));
        kept.UnionWith(NewestOf(newestFirst, Weekly, backup => Week(Day(backup))));
        kept.UnionWith(NewestOf(newestFirst, Monthly, backup => (Day(backup).Year, Day(backup).Month)));
        return kept;
    }

    private static IEnumerable<Guid> NewestOf<TPeriod>(
        List<Backup> newestFirst, int periods, Func<Backup, TPeriod> period) =>
        newestFirst.GroupBy(period).Take(periods).Select(
            backups => (backups.FirstOrDefault(backup => backup.Fault is null) ?? backups.First()).Id);

    private static DateTime Day(Backup backup) => backup.FinishedAt!.Value.UtcDateTime.Date;

    private static (int Year, int Week) Week(DateTime day) => (ISOWeek.GetYear(day), ISOWeek.GetWeekOfYear(day));
}
