namespace WebHost.Backups;

/// <summary>What should be restored of a tenant.</summary>
/// <param name="To">
/// What had been accepted until this moment, UTC. When null: what is in the backup named and no more, or everything when none is.
/// </param>
/// <param name="BackupId">From this backup; from the newest one before the moment when null.</param>
public sealed record RestoreRequest(DateTimeOffset? To, Guid? BackupId);

/// <summary>How what is wanted is restored.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="To">What was received until this moment, UTC.</param>
/// <param name="Backup">From this backup; absent when the journal has everything since the tenant signed up.</param>
/// <param name="Journal">What is added from the journal; absent when nothing is.</param>
public sealed record RestorePlan(Guid TenantId, DateTimeOffset To, Backup? Backup, JournalShare? Journal)
{
    /// <summary>What will not be as it was at that moment: sentences. All points will.</summary>
    public IReadOnlyList<string> Notes { get; } = Journal is null ? []
        : Backup is null
            ? ["The journal has points, positions and signs of life; vehicles, geofences and devices with tokens are in no backup."]
            : [$"Vehicles, geofences and devices will be as they were when backup {Backup.Id} was made."];
}

/// <summary>What of a tenant's journal is read.</summary>
/// <param name="Blobs">Number of its blobs.</param>
/// <param name="Points">Points of the tenant in them; some are in the backup as well, some may be later than wanted.</param>
public sealed record JournalShare(long Blobs, long Points);

/// <summary>How a tenant is restored, or everything that stands against it.</summary>
/// <param name="Plan">How; null when it is impossible.</param>
/// <param name="Obstacles">What stands against it: a sentence, by the member of the request or the rule.</param>
public sealed record RestoreAssessment(RestorePlan? Plan, IReadOnlyDictionary<string, string[]> Obstacles);
