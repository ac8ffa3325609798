using System.Globalization;
using WebHost.Backups;

namespace WebHost.Emergency;

/// <summary>Names of what a failover's steps have found out.</summary>
public static class FailoverFacts
{
    /// <summary>How the home was found that is lost, when the failover was asked for: a <see cref="HomeCondition"/>.</summary>
    public const string Found = "found";

    /// <summary>How it was found at the switch: a <see cref="HomeCondition"/>.</summary>
    public const string LostHome = "lostHome";

    /// <summary>What was restored: a <see cref="RestoredHistory"/>.</summary>
    public const string Restored = "restored";

    /// <summary>What reading the journal once more has shown: a <see cref="VerifiedHistory"/>.</summary>
    public const string Verified = "verified";

    /// <summary>What the vendor says of the lost home: a text.</summary>
    public const string Vendor = "vendor";

    /// <summary>The report, when the failover is over: an <see cref="IncidentReport"/>.</summary>
    public const string Report = "report";
}

/// <summary>What was restored.</summary>
/// <param name="BackupId">The newest backup that could be read; null when there was none.</param>
/// <param name="BackupFinishedAt">When it was finished, UTC.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Replaced">What came from an older one, or is missing, since its file was damaged.</param>
/// <param name="Points">Points of the journal that were written, or were there.</param>
/// <param name="JournalSince">When the oldest batch of the journal was received, UTC.</param>
/// <param name="FaultCount">Parts of the journal that could not be used.</param>
/// <param name="Faults">The first of them, a sentence each.</param>
/// <param name="Seconds">How long it took, without what interrupted attempts had done.</param>
public sealed record RestoredHistory(
    Guid? BackupId,
    DateTimeOffset? BackupFinishedAt,
    long Rows,
    IReadOnlyList<ReplacedPart> Replaced,
    long Points,
    DateTimeOffset? JournalSince,
    int FaultCount,
    IReadOnlyList<string> Faults,
    double Seconds)
{
    // A report names some; a damaged backup may lack many.
    private const int ReplacedNamed = 50;

    /// <summary>What is kept of a report.</summary>
    public static RestoredHistory Of(RestoreReport report, TimeSpan took)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new RestoredHistory(
            report.Backup?.Id,
            report.Backup?.FinishedAt,
            report.Rows,
            [.. report.Replaced.Take(ReplacedNamed)],
            report.Journal?.Points ?? 0,
            report.Journal?.Oldest,
            report.Journal?.FaultCount ?? 0,
            report.Journal?.Faults ?? [],
            took.TotalSeconds);
    }

    /// <summary>In a sentence.</summary>
    public string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(BackupId is null ? "No backup could be read" : $"{Rows:N0} rows of backup {BackupId}")}; {Points:N0} points of the journal, in {Seconds:0.0} s.");
}

/// <summary>What reading the journal once more has shown.</summary>
/// <param name="Points">Points in it, of before the switch had settled.</param>
/// <param name="Mended">Of these, points that were not there and were added.</param>
/// <param name="Readings">How often it was read until nothing was missing.</param>
/// <param name="FaultCount">Parts of the journal that could not be used.</param>
/// <param name="Faults">The first of them, a sentence each.</param>
/// <param name="At">When, UTC.</param>
public sealed record VerifiedHistory(
    long Points, long Mended, int Readings, int FaultCount, IReadOnlyList<string> Faults, DateTimeOffset At)
{
    /// <summary>In a sentence.</summary>
    public string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"All {Points:N0} points of the journal are there{(Mended > 0 ? $"; {Mended:N0} were missing and added" : "")}.");
}
