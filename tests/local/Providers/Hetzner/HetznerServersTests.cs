using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Providers;
using WebHost.Providers.Hetzner;

namespace WebHost.Local.Providers.Tests.Hetzner;

public sealed class HetznerServersTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static readonly HetznerFirewallRules Rules = new(
        [
            new("https", true, "ipv4", DestinationPort: "443", Protocol: "tcp"),
            new("answers", true, "ipv4", DestinationPort: "32768-65535", Protocol: "tcp", TcpFlags: "ack"),
        ],
        [new("all", true)]);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private HetznerServers Servers => simulators.Client<HetznerServers>();

    [Fact]
    public async Task List_of_an_account_without_servers_is_empty_although_Robot_answers_404()
    {
        var empty = new Simulators();
        await empty.InitializeAsync();
        try
        {
            Assert.Empty(await empty.Client<HetznerServers>().ListAsync(Cancelled));
        }
        finally
        {
            await empty.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_seeded_server_is_one_with_an_address_and_a_database_that_answers()
    {
        var seed = await SeedAsync();
        var number = (int)seed["serverNumber"]!;
        var database = seed["database"]!;

        var server = await Servers.FindAsync(number, Cancelled);
        await using var connection = await Simulators.ConnectAsync(
            (string)database["name"]!, (string)database["user"]!, (string)database["password"]!);

        Assert.Equal((string?)seed["serverIp"], server!.Ip);
        Assert.Equal("AX52", server.Product);
        Assert.Contains(await Servers.ListAsync(Cancelled), listed => listed.Number == number);
        Assert.Null(await Servers.FindAsync(1, Cancelled));
    }

    [Fact]
    public async Task Rename_install_and_firewall_take_effect()
    {
        await simulators.RestartAsync(new SimulatorsOptions { StateMs = 300 });
        var number = (int)(await SeedAsync())["serverNumber"]!;

        await Servers.RenameAsync(number, "webhost-fsn1-1", Cancelled);
        await Servers.InstallAsync(number, "Debian 12 base", ["aa:bb"], Cancelled);
        await Servers.SetFirewallAsync(number, Rules, Cancelled);
        var busy = await Assert.ThrowsAsync<ProviderException>(() => Servers.SetFirewallAsync(number, Rules, Cancelled));
        await Testing.Eventually.IsTrueAsync(() => Servers.IsFirewallActiveAsync(number, Cancelled));

        Assert.Equal("webhost-fsn1-1", (await Servers.FindAsync(number, Cancelled))!.Name);
        Assert.Equal((ProviderErrorKind.Transient, "FIREWALL_IN_PROCESS"), (busy.Kind, busy.Code));
    }

    [Fact]
    public async Task Cancel_gives_the_server_back_once_and_can_be_withdrawn()
    {
        var number = (int)(await SeedAsync())["serverNumber"]!;

        var first = await Servers.CancelAsync(number, Cancelled);
        var second = await Servers.CancelAsync(number, Cancelled);
        var cancelled = await Servers.FindAsync(number, Cancelled);
        await Servers.WithdrawCancellationAsync(number, Cancelled);

        Assert.Equal(first, second);
        Assert.True(cancelled!.Cancelled);
        Assert.False((await Servers.FindAsync(number, Cancelled))!.Cancelled);
    }

    [Fact]
    public async Task A_wrong_password_is_tried_once_a_call_and_three_failures_shut_the_address_out()
    {
        var shut = new Simulators();
        await shut.InitializeAsync();
        try
        {
            var wrong = shut
                .CreateClients(new Dictionary<string, string?> { ["Providers:Hetzner:Password"] = "wrong" })
                .GetRequiredService<HetznerServers>();
            for (var i = 1; i <= 3; i++)
            {
                var refused = await Assert.ThrowsAsync<ProviderException>(() => wrong.ListAsync(Cancelled));
                Assert.Equal(ProviderErrorKind.Auth, refused.Kind);
                Assert.Equal(i, await shut.CountCallsAsync("ListServers"));
            }

            var blocked = await Assert.ThrowsAsync<ProviderException>(() => shut.Client<HetznerServers>().ListAsync(Cancelled));
            Assert.Equal(ProviderErrorKind.Auth, blocked.Kind);
        }
        finally
        {
            await shut.DisposeAsync();
        }
    }

    private async Task<JsonObject> SeedAsync()
    {
        using var answer = await simulators.Http.PostAsJsonAsync("/seed/hetzner-server", new { location = "FSN1" }, Cancelled);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonObject>(Cancelled))!;
    }
}
