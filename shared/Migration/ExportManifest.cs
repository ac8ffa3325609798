namespace WebHost.Migration;

/// <summary>What is in an export: the file manifest.json beside its chunks.</summary>
public sealed record ExportManifest
{
    /// <summary>The version of this format.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The version of the format in which the export is.</summary>
    public required int Format { get; init; }

    /// <summary>The export's name: what the names of its blobs begin with.</summary>
    public required string Name { get; init; }

    /// <summary>Whose rows these are.</summary>
    public required Guid TenantId { get; init; }

    /// <summary>The last script of the source's schema.</summary>
    public required string SchemaVersion { get; init; }

    /// <summary>
    /// The oldest moment of the source that a chunk shows, as pg_snapshot writes it. What was written by transactions that it
    /// does not include is yet to be copied.
    /// </summary>
    public required string Mark { get; init; }

    /// <summary>When the export was finished, UTC.</summary>
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>The columns of each table, in the order in which the files hold them.</summary>
    public required IReadOnlyDictionary<string, string> Columns { get; init; }

    /// <summary>The files.</summary>
    public required IReadOnlyList<ExportedChunk> Chunks { get; init; }

    /// <summary>Rows of all files.</summary>
    public long Rows => Chunks.Sum(chunk => chunk.Digest.Rows);

    /// <summary>Size of all files, bytes.</summary>
    public long Bytes => Chunks.Sum(chunk => chunk.Bytes);
}
