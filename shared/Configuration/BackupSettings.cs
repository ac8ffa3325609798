namespace WebHost.Configuration;

/// <summary>When tenants are backed up, what is kept, and where backups are tried.</summary>
public sealed record BackupSettings
{
    /// <summary>
    /// Backups__Storage: connection string of the storage account with the backups; AzureWebJobsStorage when absent. An
    /// account in another region outlives the loss of the first.
    /// </summary>
    public string? Storage { get; init; }

    /// <summary>Backups__Hour: the hour of the day, UTC, at which nightly backups begin; 1 when absent.</summary>
    public int Hour { get; init; } = 1;

    /// <summary>Backups__AtOnce: nightly backups at work at the same time; 4 when absent.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>Backups__Daily: of so many days with backups the newest one is kept; 7 when absent.</summary>
    public int Daily { get; init; } = 7;

    /// <summary>Backups__Weekly: of so many weeks; 4 when absent.</summary>
    public int Weekly { get; init; } = 4;

    /// <summary>Backups__Monthly: of so many months; 6 when absent.</summary>
    public int Monthly { get; init; } = 6;

    /// <summary>
    /// Backups__Patience: for how long a backup waits for the tenant to have been switched over; 6 hours when absent.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromHours(6);

    /// <summary>
    /// Backups__ScratchDatabase: connection string of an administrator of the server on which backups are restored to be
    /// tried. It should serve no tenant. Nothing is tried when absent.
    /// </summary>
    public string? ScratchDatabase { get; init; }

    /// <summary>
    /// Journal__Retention: for how long accepted points stay in the journal, and longer where a tenant has no newer backup;
    /// 4 days when absent. It must be longer than two days, so that the last but one nightly backup is enough to lose
    /// nothing.
    /// </summary>
    public TimeSpan JournalRetention { get; init; } = TimeSpan.FromDays(4);

    private static readonly TimeSpan TwoIntervals = TimeSpan.FromDays(2);

    internal static BackupSettings Read(SettingsReader reader)
    {
        var absent = new BackupSettings();
        var settings = new BackupSettings
        {
            Storage = reader.OptionalText("Backups__Storage") is null ? null : reader.BlobStorage("Backups__Storage"),
            Hour = reader.Number("Backups__Hour", absent.Hour, 0, 23),
            AtOnce = reader.Number("Backups__AtOnce", absent.AtOnce, 1, 100),
            Daily = reader.Number("Backups__Daily", absent.Daily, 1, 400),
            Weekly = reader.Number("Backups__Weekly", absent.Weekly, 0, 400),
            Monthly = reader.Number("Backups__Monthly", absent.Monthly, 0, 400),
            Patience = reader.Duration("Backups__Patience", absent.Patience),
            ScratchDatabase = reader.OptionalText("Backups__ScratchDatabase") is null
                ? null
                : reader.ConnectionString("Backups__ScratchDatabase"),
            JournalRetention = reader.Duration("Journal__Retention", absent.JournalRetention),
        };
        reader.Require(
            settings.JournalRetention > TwoIntervals,
            $"Journal__Retention is {settings.JournalRetention:g}; it must be longer than "
            + $"{TwoIntervals:g}, two intervals between backups.");
        return settings;
    }
}
