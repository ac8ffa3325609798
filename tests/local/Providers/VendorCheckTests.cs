using Microsoft.Extensions.DependencyInjection;
using WebHost.Providers;

namespace WebHost.Local.Providers.Tests;

public sealed class VendorCheckTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_the_right_settings_every_vendor_lets_us_in_and_says_in_a_sentence_what_we_may_do()
    {
        var statuses = await simulators.Client<VendorCheck>().RunAsync(Cancelled);

        Assert.All(statuses, status => Assert.Equal((true, true), (status.Reachable, status.Authorized)));
        Assert.All(statuses, status => Assert.EndsWith(".", status.Detail, StringComparison.Ordinal));
        Assert.Equal(
            [("Hetzner", true), ("Fly", null), ("Cloudflare", null), ("Redis", (bool?)null)],
            statuses.Select(status => (status.Vendor, status.RightsSufficient)));
    }

    [Fact]
    public async Task A_robot_user_who_may_not_order_is_let_in_but_lacks_the_right()
    {
        await simulators.OrderFaultAsync("Hetzner", "GetProduct", "error", status: 401);

        var hetzner = (await simulators.Client<VendorCheck>().RunAsync(Cancelled)).Single(status => status.Vendor == "Hetzner");

        Assert.Equal((true, true, false), (hetzner.Reachable, hetzner.Authorized, hetzner.RightsSufficient));
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
        Assert.DoesNotContain("wrong", statuses["Cloudflare"].Detail, StringComparison.Ordinal);
    }
}
