using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WebHost.Local.Providers.Tests.Schema;
using WebHost.Providers;
using WebHost.Providers.Hetzner;

namespace WebHost.Local.Providers.Tests.Hetzner;

/// <summary>Our clients read what Robot's documentation says that it answers, not only what the simulator does.</summary>
public sealed class DocumentedAnswersTests(Simulators simulators) : IClassFixture<Simulators>, IAsyncLifetime
{
    private readonly List<string> _served = [];
    private WebApplication? _robot;
    private IServiceProvider? _clients;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private HetznerServers Servers => _clients!.GetRequiredService<HetznerServers>();

    private HetznerOrders Orders => _clients!.GetRequiredService<HetznerOrders>();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _robot = builder.Build();
        _robot.Urls.Add("http://127.0.0.1:0");
        Serve("GET", "/server", "server_list");
        Serve("GET", "/server/321", "server_get");
        Serve("GET", "/server/1", "server_get_404", 404);
        Serve("GET", "/server/321/cancellation", "server_reverse");
        Serve("POST", "/server/321/cancellation", "server_reverse");
        Serve("GET", "/order/server/transaction/B20150121-344958-251479", "order_server_transaction_get_ready");
        Serve("GET", "/order/server/transaction/fresh", "order_server_transaction_post_201");
        Serve("GET", "/boot/321/linux", "boot_linux_get_inactive");
        Serve("POST", "/boot/321/linux", "boot_linux_set_with_key");
        Serve("POST", "/reset/321", "reset_post");
        Serve("GET", "/firewall/321", "firewall_post_in_process");
        Serve("GET", "/boot/400/linux", "error_invalid_input_400", 400);
        Serve("GET", "/boot/403/linux", "error_rate_limit_403", 403);
        await _robot.StartAsync();
        _clients = simulators.CreateClients(
            new Dictionary<string, string?> { ["Providers:Hetzner:BaseAddress"] = _robot.Urls.Single() });
    }

    public async ValueTask DisposeAsync()
    {
        if (_robot is not null)
        {
            await _robot.DisposeAsync();
        }
    }

    [Fact]
    public async Task Servers_are_read_from_the_list_and_alone()
    {
        var listed = await Servers.ListAsync(Cancelled);

        Assert.Equal(
            [(321, "server1", "DS 3000"), (421, "server2", "X5")],
            listed.Select(server => (server.Number, server.Name, server.Product)));
        Assert.Equal(
            new HetznerServer(321, "123.123.123.123", "server1", "EQ 8", "NBG1-DC1", Ready: true, Cancelled: false),
            await Servers.FindAsync(321, Cancelled));
        Assert.Null(await Servers.FindAsync(1, Cancelled));
    }

    [Fact]
    public async Task Orders_are_read_before_and_after_their_server_is_there()
    {
        var ready = await Orders.FindAsync("B20150121-344958-251479", Cancelled);
        var fresh = await Orders.FindAsync("fresh", Cancelled);

        Assert.Equal((HetznerOrderState.Ready, 107239, "188.40.1.1"), (ready!.State, ready.ServerNumber, ready.ServerIp));
        Assert.Equal(["c1:e4:08:73:dd:f7:e9:d1:94:ab:e9:0f:28:b2:d2:ed"], ready.HostKeyFingerprints);
        Assert.Equal((HetznerOrderState.InProcess, null, null), (fresh!.State, fresh.ServerNumber, fresh.ServerIp));
    }

    [Fact]
    public async Task A_cancellation_a_firewall_and_an_installation_are_read()
    {
        await Servers.InstallAsync(321, "Debian 12 base", ["aa:bb"], Cancelled);

        Assert.Equal(new DateOnly(2014, 4, 15), await Servers.CancelAsync(321, Cancelled));
        Assert.False(await Servers.IsFirewallActiveAsync(321, Cancelled));
        Assert.Equal(
            ["POST /boot/321/linux", "POST /reset/321", "POST /server/321/cancellation"],
            _served.Where(call => call.StartsWith("POST", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Refusals_are_classified_with_their_reason_and_delay()
    {
        var invalid = await Assert.ThrowsAsync<ProviderException>(
            () => Servers.InstallAsync(400, "Debian 12 base", ["aa:bb"], Cancelled));
        var limited = await Assert.ThrowsAsync<ProviderException>(
            () => Servers.InstallAsync(403, "Debian 12 base", ["aa:bb"], Cancelled));

        Assert.Equal((ProviderErrorKind.Permanent, "INVALID_INPUT"), (invalid.Kind, invalid.Code));
        Assert.Contains("missing: minute, hour", invalid.Message, StringComparison.Ordinal);
        Assert.Equal((ProviderErrorKind.RateLimited, TimeSpan.FromHours(1)), (limited.Kind, limited.RetryAfter));
    }

    private void Serve(string method, string path, string example, int status = 200)
    {
        var body = RobotExamples.Read(example).ToJsonString();
        _robot!.MapMethods(path, [method], () =>
        {
            lock (_served)
            {
                _served.Add($"{method} {path}");
            }

            return Results.Content(body, "application/json", statusCode: status);
        });
    }
}
