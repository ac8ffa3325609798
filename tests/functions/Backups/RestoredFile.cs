using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json.Nodes;

namespace WebHost.Functions.Tests.Backups;

/// <summary>
/// Reads an archive as its reader would who has nothing but the description of its format: COPY's binary rows in Brotli.
/// </summary>
internal static class RestoredFile
{
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The values of one column of a table, in all its files.</summary>
    public static async Task<List<byte[]>> ReadAsync(ZipArchive zip, string table, string column)
    {
        var manifest = await JsonNode.ParseAsync(await zip.GetEntry("manifest.json")!.OpenAsync());
        var place = Array.IndexOf(((string)manifest!["columns"]![table]!).Split(", "), column);
        Assert.True(place >= 0, $"{table} has no column {column}.");
        var values = new List<byte[]>();
        foreach (var chunk in manifest["chunks"]!.AsArray().Where(chunk => (string?)chunk!["table"] == table))
        {
            await using var file = await zip.GetEntry(Path.GetFileName((string)chunk!["blob"]!))!.OpenAsync();
            await using var rows = new BrotliStream(file, CompressionMode.Decompress);
            using var content = new MemoryStream();
            await rows.CopyToAsync(content);
            values.AddRange(Rows(content.ToArray()).Select(row => row[place]));
        }

        return values;
    }

    /// <summary>A timestamptz.</summary>
    public static DateTimeOffset Time(byte[] value) =>
        Epoch.AddTicks(BinaryPrimitives.ReadInt64BigEndian(value) * TimeSpan.TicksPerMicrosecond);

    private static List<byte[][]> Rows(byte[] file)
    {
        const int signature = 11;
        var at = signature + sizeof(int) + sizeof(int) + Int32(signature + sizeof(int));
        var rows = new List<byte[][]>();
        while (BinaryPrimitives.ReadInt16BigEndian(file.AsSpan(at)) is var fields and >= 0)
        {
            at += sizeof(short);
            var row = new byte[fields][];
            for (var field = 0; field < fields; field++)
            {
                var length = Int32(at);
                at += sizeof(int);
                row[field] = file.AsSpan(at, Math.Max(0, length)).ToArray();
                at += Math.Max(0, length);
            }

            rows.Add(row);
        }

        return rows;

        int Int32(int place) => BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(place));
    }
}
