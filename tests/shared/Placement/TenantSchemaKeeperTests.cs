using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Tests.Placement;

public sealed class TenantSchemaKeeperTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    [Fact]
    public async Task Databases_of_an_older_build_get_the_schema_of_this_one_and_one_that_is_silent_is_left()
    {
        await fixture.AddRoutedTenantAsync();
        await using (var connection = await (await fixture.Databases.AdminLoginAsync(fixture.Database, default)).OpenAsync(default))
        {
            await connection.Sql("DROP TABLE fleet.reconciliations").RunAsync();
            await connection.Sql("DELETE FROM public.schemaversions WHERE scriptname LIKE '%0010_reconciliations.sql'").RunAsync();
        }

        using var keeper = new TenantSchemaKeeper(
            new PlacementStore(fixture.Control), fixture.Databases, fixture.Setup, TimeProvider.System,
            NullLogger<TenantSchemaKeeper>.Instance);

        Assert.Equal(0, await keeper.UpdateAsync(default));
        Assert.True(await fixture.AskAtAsync<bool>(
            fixture.Database, "SELECT to_regclass('fleet.reconciliations') IS NOT NULL AND $1::uuid IS NOT NULL", Guid.NewGuid()));

        await using (var control = await fixture.Control.OpenAsync(default))
        {
            await control.Sql("UPDATE databases SET port = 1").RunAsync();
        }

        Assert.Equal(1, await keeper.UpdateAsync(default));
    }
}
