using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Providers;
using WebHost.Providers.Hetzner;
using WebHost.Testing;

namespace WebHost.Local.Providers.Tests.Hetzner;

public sealed class HetznerOrdersTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private HetznerOrders Orders => simulators.Client<HetznerOrders>();

    [Fact]
    public async Task Quote_is_the_price_with_an_IPv4_address()
    {
        var quote = await Orders.QuoteAsync("AX52", "FSN1", Cancelled);

        Assert.Equal((60.70m, 39.00m), (quote.Monthly, quote.Setup));
    }

    [Fact]
    public async Task Quote_where_it_cannot_be_had_is_capacity_and_of_no_product_not_found()
    {
        var elsewhere = await Assert.ThrowsAsync<ProviderException>(() => Orders.QuoteAsync("AX52", "ASH1", Cancelled));
        var unknown = await Assert.ThrowsAsync<ProviderException>(() => Orders.QuoteAsync("AX1", "FSN1", Cancelled));

        Assert.Equal((ProviderErrorKind.Capacity, ProviderErrorKind.NotFound), (elsewhere.Kind, unknown.Kind));
    }

    [Fact]
    public async Task EnsureOrder_whose_answer_was_lost_is_not_placed_twice()
    {
        var request = NewRequest();
        var before = await simulators.CountCallsAsync("CreateOrder");
        await simulators.OrderFaultAsync("Hetzner", "CreateOrder", "lost-response");

        var lost = await Assert.ThrowsAsync<ProviderException>(() => Orders.EnsureOrderAsync(request, Cancelled));
        var adopted = await Orders.EnsureOrderAsync(request, Cancelled);
        var again = await Orders.EnsureOrderAsync(request, Cancelled);

        Assert.Equal(ProviderErrorKind.Transient, lost.Kind);
        Assert.Equal(adopted.Id, again.Id);
        Assert.Equal(before + 1, await simulators.CountCallsAsync("CreateOrder"));
    }

    [Fact]
    public async Task EnsureOrder_never_repeats_the_call_that_spends_money_when_it_fails()
    {
        var before = await simulators.CountCallsAsync("CreateOrder");
        await simulators.OrderFaultAsync("Hetzner", "CreateOrder", "error", times: 3);

        var failed = await Assert.ThrowsAsync<ProviderException>(() => Orders.EnsureOrderAsync(NewRequest(), Cancelled));
        await simulators.ClearFaultsAsync();

        Assert.Equal((ProviderErrorKind.Transient, "INTERNAL_ERROR"), (failed.Kind, failed.Code));
        Assert.Equal(before + 1, await simulators.CountCallsAsync("CreateOrder"));
    }

    [Fact]
    public async Task EnsureOrder_above_the_ceiling_orders_nothing()
    {
        var before = await simulators.CountCallsAsync("CreateOrder");

        var refused = await Assert.ThrowsAsync<ProviderException>(
            () => Orders.EnsureOrderAsync(NewRequest() with { MonthlyCeiling = 60.69m }, Cancelled));

        Assert.Equal(ProviderErrorKind.Permanent, refused.Kind);
        Assert.Contains("60.70", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await simulators.CountCallsAsync("CreateOrder"));
    }

    [Fact]
    public async Task An_order_becomes_a_server_with_an_address_and_host_keys()
    {
        var order = await Orders.EnsureOrderAsync(NewRequest(), Cancelled);
        await Eventually.IsTrueAsync(async () => (await Orders.FindAsync(order.Id, Cancelled))!.State == HetznerOrderState.Ready);

        var ready = (await Orders.FindAsync(order.Id, Cancelled))!;
        var server = await simulators.Client<HetznerServers>().FindAsync(ready.ServerNumber!.Value, Cancelled);

        Assert.Equal(HetznerOrderState.InProcess, order.State);
        Assert.Single(ready.HostKeyFingerprints);
        Assert.Equal((ready.ServerIp, true), (server!.Ip, server.Ready));
        Assert.Null(await Orders.FindAsync("B20200101-1-1", Cancelled));
    }

    [Fact]
    public async Task Rate_limit_of_Robot_carries_its_interval()
    {
        await simulators.OrderFaultAsync("Hetzner", "GetProduct", "rate-limit");

        var limited = await Assert.ThrowsAsync<ProviderException>(() => Orders.QuoteAsync("AX52", "FSN1", Cancelled));

        Assert.Equal((ProviderErrorKind.RateLimited, TimeSpan.FromHours(1)), (limited.Kind, limited.RetryAfter));
    }

    [Fact]
    public async Task The_twenty_first_order_of_a_day_is_held_back_before_Robot_sees_it()
    {
        var clients = simulators.CreateClients();
        var orders = clients.GetRequiredService<HetznerOrders>();
        var before = await simulators.CountCallsAsync("CreateOrder");
        await simulators.OrderFaultAsync("Hetzner", "CreateOrder", "error", status: 400, times: 21);
        for (var i = 0; i < 20; i++)
        {
            await Assert.ThrowsAsync<ProviderException>(() => orders.EnsureOrderAsync(NewRequest(), Cancelled));
        }

        var held = await Assert.ThrowsAsync<ProviderException>(() => orders.EnsureOrderAsync(NewRequest(), Cancelled));
        await simulators.ClearFaultsAsync();

        Assert.Equal((ProviderErrorKind.RateLimited, "CreateOrder"), (held.Kind, held.Operation));
        Assert.Equal(before + 20, await simulators.CountCallsAsync("CreateOrder"));
    }

    internal static HetznerOrderRequest NewRequest()
    {
        var key = $"ssh-ed25519 {Convert.ToBase64String(RandomNumberGenerator.GetBytes(51))} webhost";
        return new("AX52", "FSN1", "Debian 12 base", $"webhost-{Guid.NewGuid():n}", key, 70m, 50m);
    }
}
