using System.Diagnostics;
using Azure.Storage.Blobs;
using WebHost.Gps;
using WebHost.Gps.Ingestion;
using WebHost.Placement;

namespace WebHost.Benchmarks.Ingestion;

/// <summary>
/// What the journal costs: the same batches written to a tenant's database as the queue's consumer does, two chunks at
/// once, with each chunk going into the journal before, and without.
/// </summary>
internal static class JournalCost
{
    private const int Rounds = 7;
    private const int Chunks = 40;
    private const int BatchesPerChunk = 10;
    private const int PointsPerBatch = 1_000;
    private const int ChunksAtOnce = 2;

    private static readonly DateTimeOffset Start = new(DateTime.UtcNow.Date.AddDays(-1), TimeSpan.Zero);

    public static async Task RunAsync()
    {
        await using var site = await IngestionSite.StartAsync();
        var (tenants, _) = await site.AddFleetAsync(1, 1);
        var placement = await new PlacementStore(site.Control).GetAsync(tenants[0], default);
        var writer = new PointWriter(new TenantConnections(site.Databases));
        var blobs = new BlobServiceClient(Environment.GetEnvironmentVariable("WEBHOST_TEST_BLOBS"))
            .GetBlobContainerClient($"journal-{Guid.NewGuid():n}");
        var journal = new PointJournal(blobs, site.Control, TimeProvider.System);
        try
        {
            await MeasureAsync(site, writer, journal, placement);
            var (with, without) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                without.Add(await MeasureAsync(site, writer, journal: null, placement));
                with.Add(await MeasureAsync(site, writer, journal, placement));
                Console.WriteLine($"without {without[^1]:N0} points/s, with the journal {with[^1]:N0}: {with[^1] / without[^1]:0.00}");
            }

            Console.WriteLine(
                $"median without {Statistics.Median(without):N0} points/s, with {Statistics.Median(with):N0}; "
                + $"median of the ratios {Statistics.Median(with.Zip(without, (one, other) => one / other)):0.00} (target 0.85)");
        }
        finally
        {
            await blobs.DeleteIfExistsAsync();
        }
    }

    /// <returns>Points a second.</returns>
    private static async Task<double> MeasureAsync(
        IngestionSite site, PointWriter writer, PointJournal? journal, TenantPlacement placement)
    {
        await site.ClearAsync();
        var chunks = Enumerable.Range(0, Chunks).Select(chunk => Enumerable.Range(0, BatchesPerChunk)
            .Select(batch => PointSegment.Write(Batch(placement.TenantId, chunk, batch))).ToList()).ToList();
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            chunks,
            new ParallelOptions { MaxDegreeOfParallelism = ChunksAtOnce },
            async (batches, stop) =>
            {
                if (journal is not null)
                {
                    await journal.AppendAsync(batches, stop);
                }

                await writer.WriteAsync(placement.DatabaseId!.Value, batches.ConvertAll(written => new PlacedBatch(written.Batch, placement)), stop);
            });
        return Chunks * BatchesPerChunk * PointsPerBatch / clock.Elapsed.TotalSeconds;
    }

    private static PointBatch Batch(Guid tenantId, int chunk, int batch) => new(
        tenantId,
        new Guid(batch, 0, 0, new byte[8]),
        DateTimeOffset.UtcNow,
        GpsProtocol.Json,
        [
            .. Enumerable.Range(chunk * PointsPerBatch, PointsPerBatch).Select(i => new GpsPoint(
                Start.AddSeconds(i), 46.05 + (i % 1_000 * 0.00001), 14.5 + (i % 1_000 * 0.00001), 295 + (i % 40), i % 30, i % 360, 5, 87)),
        ],
        [],
        []);
}
