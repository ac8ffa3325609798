using Microsoft.Extensions.DependencyInjection;
using WebHost.Providers;

namespace WebHost.Local.Providers.Tests;

public sealed class VendorCheckTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_the_right_settings_every_vendor_is_reachable_and_lets_us_in()
    {
        var statuses = await simulators.Client<VendorCheck>().RunAsync(Cancelled);

        Assert.All(statuses, status => Assert.Equal((true, true, null), (status.Reachable, status.Authorized, status.Fault)));
        Assert.Equal(["Hetzner", "Fly", "Cloudflare", "Redis"], statuses.Select(status => status.Vendor));
    }

    [Fact]
    public async Task A_wrong_token_and_a_wrong_address_are_told_apart_and_the_rest_is_unharmed()
    {
        var check = simulators.CreateClients(new Dictionary<string, string?>
        {
            ["Providers:Cloudflare:Token"] = "wrong",
            ["Providers:Fly:BaseAddress"] = "http://127.0.0.1:1/fly",
        }).GetRequiredService<VendorCheck>();

        var statuses = (await check.RunAsync(Cancelled)).ToDictionary(status => status.Vendor);

        Assert.Equal((true, false), (statuses["Cloudflare"].Reachable, statuses["Cloudflare"].Authorized));
        Assert.Equal((false, false), (statuses["Fly"].Reachable, statuses["Fly"].Authorized));
        Assert.True(statuses["Hetzner"].Authorized);
        Assert.DoesNotContain("wrong", statuses["Cloudflare"].Fault, StringComparison.Ordinal);
    }
}
