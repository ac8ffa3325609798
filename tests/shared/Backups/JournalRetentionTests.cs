using WebHost.Gps.Ingestion;
using WebHost.Placement;
using WebHost.Tests.Gps.Ingestion;

namespace WebHost.Tests.Backups;

/// <summary>What leaves the journal, and what does not.</summary>
public sealed class JournalRetentionTests(BackupFixture fixture) : IClassFixture<BackupFixture>
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    [Fact]
    public async Task What_is_old_and_in_a_backup_goes_and_everything_else_stays()
    {
        var backedUp = await fixture.AddTenantAsync();
        await fixture.BackUpAsync(backedUp.TenantId);
        var never = await fixture.AddTenantAsync();
        var unserved = await fixture.Moving.Control.AddServedTenantAsync();
        await WriteAsync(backedUp, 10);
        await WriteAsync(backedUp, 3);
        await WriteAsync(never, 10);
        await WriteAsync(unserved, 10);
        await fixture.JournalBlobs.UploadBlobAsync(
            $"{Now.AddDays(-10):yyyy/MM/dd/HH/}half-written.points.br", new BinaryData("no row tells of it"));

        var deleted = await fixture.RetentionAt(new FixedClock(Now)).TrimAsync(default);

        Assert.Equal(3, deleted);
        Assert.Equal([3], await AgesAsync(backedUp));
        Assert.Equal([10], await AgesAsync(never));
        Assert.Empty(await AgesAsync(unserved));
        Assert.Equal(2, await CountBlobsAsync());
    }

    private async Task WriteAsync(TenantPlacement tenant, int daysAgo) =>
        await fixture.JournalAt(new FixedClock(Now.AddDays(-daysAgo))).AppendAsync(
            [PointSegment.Write(Batches.Of(tenant.TenantId, Guid.NewGuid(), 1) with { ReceivedAt = Now.AddDays(-daysAgo) })], default);

    private async Task<List<int>> AgesAsync(TenantPlacement tenant)
    {
        var ages = new List<int>();
        await foreach (var part in fixture.JournalReader.ReadAsync(tenant.TenantId, null, null, null, default))
        {
            Assert.Null(part.Fault);
            ages.AddRange(part.Batches.Select(batch => (int)Math.Round((Now - batch.ReceivedAt).TotalDays)));
        }

        return ages;
    }

    private async Task<int> CountBlobsAsync()
    {
        var blobs = 0;
        await foreach (var _ in fixture.JournalBlobs.GetBlobsAsync())
        {
            blobs++;
        }

        return blobs;
    }
}
