using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Data;

namespace WebHost.Gps.Ingestion;

/// <summary>
/// Reads a tenant's batches back from the journal, newest first, since today's matter most to who has lost everything. The
/// journal has many small blobs, and each takes its time to arrive: some are read ahead.
/// </summary>
public sealed class JournalReader(
    [FromKeyedServices(PointJournal.Container)] BlobContainerClient container, ControlDatabase control)
{
    private const int PageSize = 500;

    // Of at most 10,000 points each.
    private const int BlobsAtOnce = 16;

    /// <summary>Reads the batches that were received in a span of time, a blob's at a time.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="from">Received at this time or later; everything that the journal still has when null.</param>
    /// <param name="upTo">Received at this time or earlier; everything when null.</param>
    /// <param name="after">The last blob that was read before, to go on behind it; from the newest on when null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<JournalPart> ReadAsync(
        Guid tenantId,
        DateTimeOffset? from,
        DateTimeOffset? upTo,
        JournalPlace? after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ahead = new Queue<Task<JournalPart>>(BlobsAtOnce);
        try
        {
            IReadOnlyList<JournalPlace> page;
            do
            {
                page = await ListAsync(tenantId, from, upTo, after, cancellationToken);
                foreach (var place in page)
                {
                    after = place;
                    if (ahead.Count == BlobsAtOnce)
                    {
                        yield return await ahead.Dequeue();
                    }

                    ahead.Enqueue(ReadPartAsync(place, tenantId, from, upTo, enough.Token));
                }
            }
            while (page.Count == PageSize);
            while (ahead.TryDequeue(out var part))
            {
                yield return await part;
            }
        }
        finally
        {
            await enough.CancelAsync();
            await Task.WhenAll(ahead).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task<JournalPart> ReadPartAsync(
        JournalPlace place, Guid tenantId, DateTimeOffset? from, DateTimeOffset? upTo, CancellationToken cancellationToken)
    {
        var (batches, fault) = await ReadBlobAsync(place, cancellationToken);
        return new JournalPart(
            place,
            batches?.FindAll(batch => batch.TenantId == tenantId && !(batch.ReceivedAt < from) && !(batch.ReceivedAt > upTo)) ?? [],
            fault);
    }

    private async Task<List<JournalPlace>> ListAsync(
        Guid tenantId, DateTimeOffset? from, DateTimeOffset? upTo, JournalPlace? after, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT last_received, blob FROM journal_entries
            WHERE tenant_id = $1
              AND ($2::timestamptz IS NULL OR last_received >= $2) AND ($3::timestamptz IS NULL OR first_received <= $3)
              AND ($4::timestamptz IS NULL OR (last_received, blob) < ($4, $5))
            ORDER BY last_received DESC, blob DESC LIMIT $6
            """,
            tenantId, from, upTo, after?.LastReceived, after?.Blob ?? "", PageSize).ListAsync(
            row => new JournalPlace(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1)), cancellationToken);
    }

    private async Task<(List<PointBatch>? Batches, string? Fault)> ReadBlobAsync(
        JournalPlace place, CancellationToken cancellationToken)
    {
        try
        {
            var blob = await container.GetBlobClient(place.Blob).DownloadContentAsync(cancellationToken);
            await using var compressed = blob.Value.Content.ToStream();
            await using var brotli = new BrotliStream(compressed, CompressionMode.Decompress);
            using var content = new MemoryStream();
            await brotli.CopyToAsync(content, cancellationToken);
            return ([.. PointMessage.Read(content.GetBuffer().AsMemory(0, (int)content.Length))], null);
        }
        catch (RequestFailedException absent) when (absent.Status == 404)
        {
            return (null, $"Blob {place.Blob} is gone.");
        }
        catch (Exception unreadable) when (
            unreadable is InvalidDataException or InvalidOperationException or FormatException)
        {
            return (null, $"Blob {place.Blob} is damaged: {unreadable.Message}");
        }
    }
}

/// <summary>A place in a tenant's journal.</summary>
/// <param name="LastReceived">When the tenant's last batch in the blob was received, UTC.</param>
/// <param name="Blob">The blob.</param>
public sealed record JournalPlace(DateTimeOffset LastReceived, string Blob)
{
    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static JournalPlace Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return new JournalPlace(
            DateTimeOffset.UnixEpoch.AddTicks(long.Parse(text.AsSpan(0, slash), CultureInfo.InvariantCulture)),
            text[(slash + 1)..]);
    }

    /// <summary>The place as one text.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(LastReceived - DateTimeOffset.UnixEpoch).Ticks}/{Blob}");
}

/// <summary>A tenant's batches in one blob of the journal.</summary>
/// <param name="Place">Where they are.</param>
/// <param name="Batches">The batches, in the order in which they were written.</param>
/// <param name="Fault">Why the blob could not be read; null when it could.</param>
public sealed record JournalPart(JournalPlace Place, IReadOnlyList<PointBatch> Batches, string? Fault);
