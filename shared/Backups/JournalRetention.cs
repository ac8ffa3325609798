using System.Globalization;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Gps.Ingestion;
using WebHost.Placement;

namespace WebHost.Backups;

/// <summary>
/// Removes from the journal what is older than its retention. What a tenant who is served would lose, because no good
/// backup was begun since, stays however old it is.
/// </summary>
public sealed partial class JournalRetention(
    [FromKeyedServices(PointJournal.Container)] BlobContainerClient container,
    ControlDatabase control,
    Settings settings,
    TimeProvider time,
    ILogger<JournalRetention> logger)
{
    private const int BlobsPerStep = 200;

    /// <summary>
    /// A point may wait so long between its receipt and its row: a backup begun in between does not have it.
    /// </summary>
    internal static TimeSpan LongestWait { get; } = TimeSpan.FromDays(1);

    /// <summary>Removes it, in small steps. Interrupted, it goes on next time.</summary>
    /// <returns>How many blobs were deleted.</returns>
    public async Task<int> TrimAsync(CancellationToken cancellationToken)
    {
        var deleted = 0;
        if (!await container.ExistsAsync(cancellationToken))
        {
            return deleted;
        }

        // Names begin with the hour of writing, which is never before that of receipt, and are listed in their order.
        var kept = (time.GetUtcNow() - settings.Backups.JournalRetention)
            .ToString("yyyy/MM/dd/HH/", CultureInfo.InvariantCulture);
        await foreach (var page in container.GetBlobsAsync(cancellationToken: cancellationToken)
            .AsPages(pageSizeHint: BlobsPerStep).WithCancellation(cancellationToken))
        {
            var old = page.Values.Select(blob => blob.Name)
                .TakeWhile(name => string.CompareOrdinal(name, kept) < 0).ToList();
            foreach (var blob in await ForgetAsync(old, cancellationToken))
            {
                await container.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellationToken);
                deleted++;
            }

            if (old.Count < page.Values.Count)
            {
                break;
            }
        }

        LogTrimmed(logger, deleted);
        return deleted;
    }

    // Rows go first: whoever reads by them finds what they promise. Blobs without rows, whose writing was interrupted, go
    // as well.
    private async Task<IEnumerable<string>> ForgetAsync(List<string> blobs, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var needed = await connection.Sql(
            """
            SELECT DISTINCT e.blob FROM journal_entries e
            JOIN placements p ON p.tenant_id = e.tenant_id AND p.state = $2
            WHERE e.blob = ANY ($1) AND NOT EXISTS (
                SELECT FROM backups b
                WHERE b.tenant_id = e.tenant_id AND b.state = $3 AND b.fault IS NULL
                  AND b.started_at - $4::interval > e.last_received)
            """,
            blobs.ToArray(), PlacementState.Serving, BackupState.Finished, LongestWait)
            .ListAsync(row => row.GetString(0), cancellationToken);
        var unneeded = blobs.Except(needed, StringComparer.Ordinal).ToArray();
        await connection.Sql("DELETE FROM journal_entries WHERE blob = ANY ($1)", (object)unneeded)
            .RunAsync(cancellationToken);
        return unneeded;
    }

    [LoggerMessage(770, LogLevel.Information, "{Blobs} blobs of the journal were deleted.")]
    private static partial void LogTrimmed(ILogger logger, int blobs);
}
