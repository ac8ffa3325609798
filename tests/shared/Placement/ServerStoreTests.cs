using WebHost.Placement;

namespace WebHost.Tests.Placement;

public sealed class ServerStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    private static readonly TimeSpan RunOut = TimeSpan.FromSeconds(-1);

    private readonly ServerStore _servers = new(fixture.Control);

    public async ValueTask InitializeAsync()
    {
        await using var connection = await fixture.Control.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE homes SET server_id = NULL; DELETE FROM servers";
        await command.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task ReserveSlot_for_a_hundred_tenants_at_once_never_gives_a_slot_twice_nor_one_too_many()
    {
        var first = await fixture.AddServerAsync(30);
        var second = await fixture.AddServerAsync(50);
        var tenants = new List<TenantPlacement>();
        for (var i = 0; i < 100; i++)
        {
            tenants.Add(await fixture.AddTenantAsync());
        }

        var reserved = await Task.WhenAll(tenants.Select(tenant => _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", null, default)));

        var slots = reserved.OfType<(Server Server, int Slot)>().ToList();
        Assert.Equal(80, slots.Count);
        Assert.Equal(80, slots.Select(found => (found.Server.Id, found.Slot)).Distinct().Count());
        Assert.Equal(
            [(first.Id, 30), (second.Id, 50)], (await _servers.ListAsync(default)).Select(server => (server.Id, server.Tenants)));
        Assert.Equal(0, await _servers.CountFreeSlotsAsync(movingTenant: null, default));
    }

    [Fact]
    public async Task ReserveSlot_again_for_a_tenant_that_has_one_answers_the_same()
    {
        await fixture.AddServerAsync(2);
        var tenant = await fixture.AddTenantAsync();

        var once = await _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", null, default);
        var again = await _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", null, default);

        Assert.Equal((once!.Value.Server.Id, once.Value.Slot), (again!.Value.Server.Id, again.Value.Slot));
        Assert.Equal(1, await _servers.CountFreeSlotsAsync(movingTenant: null, default));
    }

    [Fact]
    public async Task ReserveSlot_prefers_the_region_and_then_fills_the_older_server_first()
    {
        var older = await fixture.AddServerAsync(2, "fsn1");
        var younger = await fixture.AddServerAsync(2, "fsn1");
        var elsewhere = await fixture.AddServerAsync(1, "hel1");
        var servers = new List<Guid>();
        foreach (var region in (string[])["hel1", "hel1", "fsn1", "fsn1"])
        {
            var tenant = await fixture.AddTenantAsync();
            servers.Add((await _servers.ReserveSlotAsync(tenant.TenantId, 1, region, null, default))!.Value.Server.Id);
        }

        Assert.Equal([elsewhere.Id, older.Id, older.Id, younger.Id], servers);
    }

    [Fact]
    public async Task ReleaseSlot_makes_room_for_the_next()
    {
        await fixture.AddServerAsync(1);
        var (first, second) = (await fixture.AddTenantAsync(), await fixture.AddTenantAsync());
        await _servers.ReserveSlotAsync(first.TenantId, 1, "fsn1", null, default);
        Assert.Null(await _servers.ReserveSlotAsync(second.TenantId, 1, "fsn1", null, default));

        await _servers.ReleaseSlotAsync(first.TenantId, 1, default);

        Assert.NotNull(await _servers.ReserveSlotAsync(second.TenantId, 1, "fsn1", null, default));
    }

    [Fact]
    public async Task Reservation_that_has_run_out_is_somebody_elses_and_cannot_be_kept()
    {
        await fixture.AddServerAsync(1);
        var (late, next) = (await fixture.AddTenantAsync(), await fixture.AddTenantAsync());
        await _servers.ReserveSlotAsync(late.TenantId, 1, "fsn1", RunOut, default);
        Assert.Equal(1, await _servers.CountFreeSlotsAsync(movingTenant: null, default));

        var taken = await _servers.ReserveSlotAsync(next.TenantId, 1, "fsn1", TimeSpan.FromDays(1), default);

        Assert.NotNull(taken);
        Assert.False(await _servers.KeepSlotAsync(late.TenantId, 1, default));
        Assert.True(await _servers.KeepSlotAsync(next.TenantId, 1, default));
        Assert.Equal(0, await _servers.CountFreeSlotsAsync(movingTenant: null, default));
    }

    [Fact]
    public async Task Reservation_that_has_run_out_can_be_kept_as_long_as_nobody_else_has_it()
    {
        await fixture.AddServerAsync(1);
        var (late, next) = (await fixture.AddTenantAsync(), await fixture.AddTenantAsync());
        await _servers.ReserveSlotAsync(late.TenantId, 1, "fsn1", RunOut, default);

        Assert.True(await _servers.KeepSlotAsync(late.TenantId, 1, default));

        Assert.Null(await _servers.ReserveSlotAsync(next.TenantId, 1, "fsn1", null, default));
    }

    [Fact]
    public async Task ReserveSlot_again_renews_the_reservation()
    {
        await fixture.AddServerAsync(1);
        var (tenant, next) = (await fixture.AddTenantAsync(), await fixture.AddTenantAsync());
        await _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", RunOut, default);

        await _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", TimeSpan.FromDays(1), default);

        Assert.Null(await _servers.ReserveSlotAsync(next.TenantId, 1, "fsn1", null, default));
    }

    [Fact]
    public async Task ReserveSlot_takes_no_server_on_which_the_tenant_has_another_home()
    {
        var home = await fixture.AddServerAsync(10);
        var tenant = await fixture.AddTenantAsync();
        await _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", null, default);
        await AddHomeAsync(tenant, 2);

        Assert.Null(await _servers.ReserveSlotAsync(tenant.TenantId, 2, "fsn1", null, default));
        var other = await fixture.AddServerAsync(10, "hel1");
        var moved = await _servers.ReserveSlotAsync(tenant.TenantId, 2, "fsn1", null, default);

        Assert.Equal(other.Id, moved!.Value.Server.Id);
        Assert.Equal(
            [(home.Id, 1), (other.Id, 1)], (await _servers.ListAsync(default)).Select(server => (server.Id, server.Tenants)));
    }

    [Fact]
    public async Task Reservations_that_have_run_out_are_each_given_to_one_of_those_who_ask_at_once()
    {
        await fixture.AddServerAsync(20);
        var tenants = new List<TenantPlacement>();
        for (var i = 0; i < 60; i++)
        {
            tenants.Add(await fixture.AddTenantAsync());
        }

        await Task.WhenAll(tenants.Take(20).Select(tenant => _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", RunOut, default)));
        var reserved = await Task.WhenAll(
            tenants.Skip(20).Select(tenant => _servers.ReserveSlotAsync(tenant.TenantId, 1, "fsn1", TimeSpan.FromDays(1), default)));
        var kept = await Task.WhenAll(tenants.Select(tenant => _servers.KeepSlotAsync(tenant.TenantId, 1, default)));

        Assert.Equal(20, reserved.OfType<(Server Server, int Slot)>().Select(found => found.Slot).Distinct().Count());
        Assert.Equal(20, kept.Count(held => held));
        Assert.DoesNotContain(true, kept.Take(20));
    }

    [Fact]
    public async Task A_server_cannot_have_a_hundred_and_fifty_first_slot() =>
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => fixture.AddServerAsync(151));

    private Task AddHomeAsync(TenantPlacement tenant, long home) =>
        fixture.Control.TransactAsync(async transaction =>
        {
            await PlacementStore.AddHomeAsync(transaction, tenant with { Home = home }, operationId: null, default);
            return true;
        });
}
