using WebHost.Migration;

namespace WebHost.Tests.Migration;

/// <summary>What export and import need: they measure the process, so nothing else may run in it.</summary>
[Collection(nameof(Alone))]
public sealed class TransferMemoryTests(MigrationFixture fixture) : IClassFixture<MigrationFixture>
{
    [Fact]
    public async Task Memory_does_not_grow_with_the_rows()
    {
        var tenant = await fixture.AddMovingTenantAsync(points: 200_000);
        var highest = new HighestMemory();

        var manifest = await fixture.Export.RunAsync(
            fixture.Source, tenant.TenantId, $"{tenant.TenantId:n}/move", DayRange.All, highest, default);
        await fixture.Import.RunAsync(fixture.Target, manifest, highest, default);

        // The rows alone are about 30 MB in COPY's format and more in any other.
        Assert.Equal(200_000, await fixture.Control.AskAtAsync<long>(
            fixture.Target, "SELECT count(*) FROM fleet.points WHERE customer_id = $1", tenant.TenantId));
        Assert.InRange(highest.Growth, 0, 24 << 20);
    }

    /// <summary>How much more memory is in use after any file than at the beginning.</summary>
    private sealed class HighestMemory : IProgress<TransferProgress>
    {
        private readonly long _before = GC.GetTotalMemory(forceFullCollection: true);

        public long Growth { get; private set; }

        public void Report(TransferProgress value) =>
            Growth = Math.Max(Growth, GC.GetTotalMemory(forceFullCollection: true) - _before);
    }
}
