using System.Globalization;
using System.IO.Compression;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Data;

namespace WebHost.Gps.Ingestion;

/// <summary>
/// Every accepted batch in blob storage, so that a tenant's points outlive the tenant's database. A blob holds batches in the
/// form of <see cref="PointMessage"/>, compressed with Brotli; the control database says which tenants' points, received when,
/// are in it.
/// </summary>
public sealed class PointJournal(
    [FromKeyedServices(PointJournal.Container)] BlobContainerClient container, ControlDatabase control, TimeProvider time)
{
    /// <summary>Name of the blob container.</summary>
    public const string Container = "journal";

    private volatile bool _created;

    /// <summary>Writes batches; when this returns, they are in the journal and its index.</summary>
    public async Task AppendAsync(IReadOnlyList<PointSegment> batches, CancellationToken cancellationToken)
    {
        if (batches.Count == 0)
        {
            return;
        }

        await EnsureContainerAsync(cancellationToken);
        var hour = time.GetUtcNow().ToString("yyyy/MM/dd/HH", CultureInfo.InvariantCulture);
        var name = $"{hour}/{Guid.CreateVersion7():n}.points.br";
        await container.GetBlobClient(name).UploadAsync(
            new BinaryData(Compress(batches)),
            new BlobUploadOptions
            {
                HttpHeaders = new BlobHttpHeaders { ContentType = PointMessage.ContentType, ContentEncoding = "br" },
            },
            cancellationToken);
        await IndexAsync(name, batches.Select(written => written.Batch), cancellationToken);
    }

    private static byte[] Compress(IReadOnlyList<PointSegment> batches)
    {
        using var compressed = new MemoryStream();
        using (var brotli = new BrotliStream(compressed, CompressionLevel.Fastest))
        {
            brotli.Write(PointMessage.Join([.. batches.Select(batch => batch.Bytes)]));
        }

        return compressed.ToArray();
    }

    private async Task IndexAsync(string blob, IEnumerable<PointBatch> batches, CancellationToken cancellationToken)
    {
        var tenants = batches.GroupBy(batch => batch.TenantId).ToArray();
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            INSERT INTO journal_entries (tenant_id, blob, first_received, last_received, points)
            SELECT tenant_id, $2, first_received, last_received, points
            FROM unnest($1::uuid[], $3::timestamptz[], $4::timestamptz[], $5::int[]) AS e (tenant_id, first_received, last_received, points)
            """,
            System.Array.ConvertAll(tenants, tenant => tenant.Key),
            blob,
            System.Array.ConvertAll(tenants, tenant => tenant.Min(batch => batch.ReceivedAt.UtcDateTime)),
            System.Array.ConvertAll(tenants, tenant => tenant.Max(batch => batch.ReceivedAt.UtcDateTime)),
            System.Array.ConvertAll(tenants, tenant => tenant.Sum(batch => batch.Points.Count))).RunAsync(cancellationToken);
    }

    private async Task EnsureContainerAsync(CancellationToken cancellationToken)
    {
        if (!_created)
        {
            await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            _created = true;
        }
    }
}
