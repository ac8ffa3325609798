using System.Globalization;
using Azure.Storage.Blobs.Models;

namespace WebHost.Migration;

/// <summary>A file of an export: the rows of a table, of one day where the table is divided by days.</summary>
/// <param name="Blob">The blob.</param>
/// <param name="Table">The table.</param>
/// <param name="Day">The UTC day; null when the file holds the whole table.</param>
/// <param name="Digest">Of the rows.</param>
/// <param name="Bytes">Size of the file.</param>
/// <param name="Sha256">Of the file, hexadecimal.</param>
public sealed record ExportedChunk(string Blob, string Table, DateOnly? Day, RowDigest Digest, long Bytes, string Sha256)
{
    private const string DayFormat = "yyyy-MM-dd";
    private const string TableKey = "table";
    private const string DayKey = "day";
    private const string RowsKey = "rows";
    private const string ChecksumKey = "checksum";
    private const string Sha256Key = "sha256";

    /// <summary>The name of a chunk's blob.</summary>
    internal static string BlobName(string export, string table, DateOnly? day) =>
        $"{export}/{table}{day?.ToString("'.'" + DayFormat, CultureInfo.InvariantCulture)}.copy.br";

    /// <summary>The metadata that says that a blob is whole and what is in it.</summary>
    internal static Dictionary<string, string> Describe(string table, DateOnly? day, RowDigest digest, byte[] sha256) => new()
    {
        [TableKey] = table,
        [DayKey] = day?.ToString(DayFormat, CultureInfo.InvariantCulture) ?? "",
        [RowsKey] = digest.Rows.ToString(CultureInfo.InvariantCulture),
        [ChecksumKey] = digest.Checksum,
        [Sha256Key] = Convert.ToHexStringLower(sha256),
    };

    /// <summary>Whether a blob's metadata says that it is whole, and the one that was written.</summary>
    internal static bool IsDescribed(IDictionary<string, string> metadata, string sha256) =>
        metadata.TryGetValue(Sha256Key, out var described) && described == sha256;

    /// <summary>The chunk in a blob, or null when the blob is no chunk, or one that was not finished.</summary>
    internal static ExportedChunk? Read(BlobItem blob) =>
        blob.Metadata is { } described && described.TryGetValue(Sha256Key, out var sha256)
            ? new ExportedChunk(
                blob.Name,
                described[TableKey],
                described.TryGetValue(DayKey, out var day) && day.Length > 0
                    ? DateOnly.ParseExact(day, DayFormat, CultureInfo.InvariantCulture)
                    : null,
                new RowDigest(long.Parse(described[RowsKey], CultureInfo.InvariantCulture), described[ChecksumKey]),
                blob.Properties.ContentLength ?? 0,
                sha256)
            : null;
}
