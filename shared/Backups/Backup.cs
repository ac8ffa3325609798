namespace WebHost.Backups;

/// <summary>A tenant's rows of all tables as they were at one moment.</summary>
public sealed record Backup
{
    /// <summary>Its id: that of the operation that makes it.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose rows.</summary>
    public required Guid TenantId { get; init; }

    /// <summary>How far it is.</summary>
    public required BackupState State { get; init; }

    /// <summary>Why it was made.</summary>
    public required BackupReason Reason { get; init; }

    /// <summary>When it was asked for, UTC. What was written before it began to read is in it.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was finished, UTC. Nothing that was written later is in it.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Rows of all tables.</summary>
    public long? Rows { get; init; }

    /// <summary>Size of all files to which it refers, bytes.</summary>
    public long? Bytes { get; init; }

    /// <summary>Of these, what was written for it; the rest had not changed since the backup before.</summary>
    public long? CopiedBytes { get; init; }

    /// <summary>When it was last restored and compared, UTC.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>What was wrong then; absent when nothing was.</summary>
    public string? Fault { get; init; }

    /// <summary>What the names of its files begin with.</summary>
    internal string ExportName => FilesOf(TenantId) + Id.ToString("n");

    /// <summary>What the names of all of a tenant's files begin with.</summary>
    internal static string FilesOf(Guid tenantId) => $"{tenantId:n}/";
}

/// <summary>Why a backup was made.</summary>
public enum BackupReason
{
    /// <summary>By the clock.</summary>
    Nightly,

    /// <summary>An operator wanted it.</summary>
    OnDemand,
}
