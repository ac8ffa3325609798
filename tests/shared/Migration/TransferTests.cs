using Azure.Storage.Blobs;
using WebHost.Migration;
using WebHost.Placement;

namespace WebHost.Tests.Migration;

/// <summary>Export and import of one tenant's rows.</summary>
public sealed class TransferTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    [Fact]
    public async Task Import_of_an_export_makes_the_target_equal_row_for_row()
    {
        var tenant = await fixture.AddMovingTenantAsync();

        await TransferAsync(tenant);

        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Import_leaves_other_tenants_rows_alone_and_brings_none_of_theirs()
    {
        var (tenant, neighbour) = (await fixture.AddMovingTenantAsync(), await fixture.AddMovingTenantAsync());
        var settled = await fixture.AddMovingTenantAsync();
        await fixture.FillAsync(fixture.Target, settled.TenantId, 100);
        var before = await fixture.ContentAsync(fixture.Target, settled.TenantId);

        await TransferAsync(tenant);

        Assert.Equal(before, await fixture.ContentAsync(fixture.Target, settled.TenantId));
        Assert.All((await fixture.ContentAsync(fixture.Target, neighbour.TenantId)).Values, Assert.Empty);
    }

    [Fact]
    public async Task Manifest_counts_what_the_source_has()
    {
        var tenant = await fixture.AddMovingTenantAsync(points: 500);

        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);

        var digest = await TenantDigest.ReadAsync(fixture.Connections, fixture.Source, tenant.TenantId, null, default);
        Assert.Equal(
            digest.Parts.OrderBy(part => (part.Key.Table, part.Key.Day)).Select(part => (part.Key.Table, part.Key.Day, part.Value)),
            manifest.Chunks.OrderBy(chunk => (chunk.Table, chunk.Day)).Select(chunk => (chunk.Table, chunk.Day, chunk.Digest)));
        Assert.Equal(digest.Rows, manifest.Rows);
        Assert.EndsWith(".sql", manifest.SchemaVersion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_again_answers_the_finished_one_whatever_was_written_since()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 10);

        var again = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);

        Assert.Equal((manifest.FinishedAt, manifest.Rows, manifest.Mark), (again.FinishedAt, again.Rows, again.Mark));
    }

    [Fact]
    public async Task Export_that_was_interrupted_goes_on_behind_the_finished_files_and_misses_nothing()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var interrupted = new Interruption(afterChunks: 7);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.Export.RunAsync(
            fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, interrupted, default));
        var finished = await ListFinishedAsync(tenant);
        await fixture.AddPointsAsync(fixture.Source, tenant.TenantId, 500, 50);

        var resumed = new Interruption(afterChunks: int.MaxValue);
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, resumed, default);

        Assert.InRange(finished.Count, 7, manifest.Chunks.Count - 1);
        // A file that was being finished at the interruption may have been finished all the same.
        Assert.InRange(resumed.Reports.Min(report => report.ChunksDone), finished.Count + 1, manifest.Chunks.Count);
        var now = await ListFinishedAsync(tenant);
        Assert.All(finished, chunk => Assert.Equal(chunk.Value, now[chunk.Key]));
        await fixture.Import.RunAsync(fixture.Target, manifest, null, default);
        await fixture.CatchUp.BeginAsync(fixture.Target, tenant.TenantId, manifest.Mark, default);
        await fixture.CatchUp.RunAsync(fixture.Source, fixture.Target, tenant.TenantId, Comparison.OfAll, default);
        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Import_that_was_interrupted_goes_on_behind_the_files_that_arrived()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);
        var interrupted = new Interruption(afterChunks: 8);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => fixture.Import.RunAsync(fixture.Target, manifest, interrupted, default));
        var arrived = await fixture.Control.AskAtAsync<long>(
            fixture.Target, "SELECT count(*) FROM fleet.arrived_chunks WHERE customer_id = $1", tenant.TenantId);

        var resumed = new Interruption(afterChunks: int.MaxValue);
        await fixture.Import.RunAsync(fixture.Target, manifest, resumed, default);

        Assert.InRange(arrived, 8, manifest.Chunks.Count - 1);
        Assert.Equal(manifest.Chunks.Count - arrived, resumed.Reports.Count);
        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Import_again_changes_nothing()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var manifest = await TransferAsync(tenant);
        await fixture.RunAsync(fixture.Target, "DELETE FROM fleet.arrived_chunks WHERE customer_id = $1", tenant.TenantId);

        await fixture.Import.RunAsync(fixture.Target, manifest, null, default);

        await AssertEqualAsync(tenant);
    }

    [Fact]
    public async Task Progress_reaches_every_file_and_row()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var (exporting, importing) = (new Interruption(int.MaxValue), new Interruption(int.MaxValue));

        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, exporting, default);
        await fixture.Import.RunAsync(fixture.Target, manifest, importing, default);

        Assert.All((Interruption[])[exporting, importing], progress =>
        {
            var last = progress.Reports[^1];
            Assert.Equal((manifest.Chunks.Count, manifest.Rows, 100), (last.ChunksDone, last.RowsDone, last.Percent));
            Assert.Equal(TimeSpan.Zero, last.TimeLeft);
            Assert.Equal(progress.Reports.OrderBy(report => report.RowsDone), progress.Reports);
        });
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(1.0)]
    public async Task Import_finds_a_flipped_bit_and_takes_nothing_of_the_file(double place)
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);
        var damaged = manifest.Chunks.Where(chunk => chunk.Table == "points").ElementAt(2);
        await ChangeAsync(damaged, bytes =>
        {
            bytes[(int)(place * (bytes.Length - 1))] ^= 1;
            return bytes;
        });

        var mismatch = await Assert.ThrowsAsync<MigrationMismatchException>(
            () => fixture.Import.RunAsync(fixture.Target, manifest, null, default));

        Assert.Equal(("points", damaged.Day), (mismatch.Table, mismatch.Day));
        Assert.Equal(0, await fixture.Control.AskAtAsync<long>(
            fixture.Target,
            "SELECT count(*) FROM fleet.points WHERE customer_id = $1 AND (fix_time AT TIME ZONE 'UTC')::date = $2",
            tenant.TenantId, damaged.Day));
    }

    [Fact]
    public async Task Import_finds_a_file_with_the_rows_of_another_day()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);
        var points = manifest.Chunks.Where(chunk => chunk.Table == "points").ToList();
        var swapped = manifest with
        {
            Chunks = [.. manifest.Chunks.Except([points[0]]), points[0] with { Blob = points[1].Blob, Sha256 = points[1].Sha256 }],
        };

        var mismatch = await Assert.ThrowsAsync<MigrationMismatchException>(
            () => fixture.Import.RunAsync(fixture.Target, swapped, null, default));

        Assert.Equal(("points", points[0].Day), (mismatch.Table, mismatch.Day));
    }

    [Fact]
    public async Task Import_of_an_export_with_another_schema_is_refused()
    {
        var tenant = await fixture.AddMovingTenantAsync();
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => fixture.Import.RunAsync(fixture.Target, manifest with { SchemaVersion = "0000_other.sql" }, null, default));
    }

    private static string Name(TenantPlacement tenant) => $"{tenant.TenantId:n}/move";

    private async Task<ExportManifest> TransferAsync(TenantPlacement tenant)
    {
        var manifest = await fixture.Export.RunAsync(fixture.Source, tenant.TenantId, Name(tenant), DayRange.All, null, default);
        await fixture.Import.RunAsync(fixture.Target, manifest, null, default);
        return manifest;
    }

    private async Task AssertEqualAsync(TenantPlacement tenant)
    {
        var source = await fixture.ContentAsync(fixture.Source, tenant.TenantId);
        Assert.All(source.Values, Assert.NotEmpty);
        Assert.Equal(source, await fixture.ContentAsync(fixture.Target, tenant.TenantId));
    }

    private async Task<Dictionary<string, string>> ListFinishedAsync(TenantPlacement tenant)
    {
        var found = new Dictionary<string, string>();
        await foreach (var blob in fixture.Blobs.GetBlobsAsync(
            Azure.Storage.Blobs.Models.BlobTraits.Metadata, Azure.Storage.Blobs.Models.BlobStates.None, Name(tenant), default))
        {
            if (blob.Metadata.Count > 0)
            {
                found[blob.Name] = blob.Properties.ETag.ToString()!;
            }
        }

        return found;
    }

    private async Task ChangeAsync(ExportedChunk chunk, Func<byte[], byte[]> change)
    {
        BlobClient blob = fixture.Blobs.GetBlobClient(chunk.Blob);
        var content = (await blob.DownloadContentAsync()).Value.Content.ToArray();
        await blob.UploadAsync(new BinaryData(change(content)), overwrite: true);
    }
}
