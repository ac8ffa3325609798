using System.Text.Json;

namespace WebHost.Emergency;

/// <summary>What was fetched from a home that came back.</summary>
public sealed record ReconciliationReport
{
    /// <summary>The epoch at which that home took writes last. It takes none at this or any older one.</summary>
    public required long FencedEpoch { get; init; }

    /// <summary>The backup whose rows both homes had when they parted; absent when none could be read.</summary>
    public Guid? BasisBackupId { get; init; }

    /// <summary>Why none could be read, in a sentence; absent when one was.</summary>
    public string? BasisFault { get; init; }

    /// <summary>What became of each table that was compared, in their order.</summary>
    public required IReadOnlyList<ReconciledTable> Tables { get; init; }

    /// <summary>Rows that could not be taken, in all tables.</summary>
    public required long ConflictCount { get; init; }

    /// <summary>The first of them.</summary>
    public required IReadOnlyList<MergeConflict> Conflicts { get; init; }

    /// <summary>When everything was there, UTC.</summary>
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>How long the attempt took that finished it.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>What became of a table.</summary>
/// <param name="Table">The table.</param>
public sealed record ReconciledTable(string Table)
{
    /// <summary>How many differing rows are named: they usually differ for the same reason.</summary>
    internal const int MostNamed = 10;

    /// <summary>Rows that only the source had.</summary>
    public long Added { get; init; }

    /// <summary>Rows that the source had changed.</summary>
    public long Changed { get; init; }

    /// <summary>Rows that the source had deleted.</summary>
    public long Deleted { get; init; }

    /// <summary>Rows that the source had changed, and that could not be taken.</summary>
    public long Conflicts { get; init; }

    /// <summary>Rows of a table that only grows which say something else at the target; the target's stay.</summary>
    public long Different { get; init; }

    /// <summary>The keys of the first of these.</summary>
    public IReadOnlyList<JsonElement> DifferentKeys { get; init; } = [];

    /// <summary>Both as one.</summary>
    internal ReconciledTable With(ReconciledTable other) => this with
    {
        Added = Added + other.Added,
        Changed = Changed + other.Changed,
        Deleted = Deleted + other.Deleted,
        Conflicts = Conflicts + other.Conflicts,
        Different = Different + other.Different,
        DifferentKeys = [.. DifferentKeys.Concat(other.DifferentKeys).Take(MostNamed)],
    };
}

/// <summary>What became of some rows that were fetched in one transaction.</summary>
/// <param name="Tables">Of which tables they are.</param>
/// <param name="Conflicts">The first conflicts.</param>
/// <param name="BasisBackupId">The backup that was compared with, if any.</param>
/// <param name="BasisFault">Why there was none, in a sentence.</param>
internal sealed record ReconciledPart(
    IReadOnlyList<ReconciledTable> Tables,
    IReadOnlyList<MergeConflict> Conflicts,
    Guid? BasisBackupId = null,
    string? BasisFault = null);
