using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Providers;
using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Redis;

namespace WebHost.Local.Providers.Tests.Smoke;

/// <summary>
/// Our clients against the real vendors, with calls that change nothing. They run with credentials in the environment:
/// WEBHOST_SMOKE_HETZNER_USER and _PASSWORD, WEBHOST_SMOKE_FLY_TOKEN and _ORGANIZATION, WEBHOST_SMOKE_CLOUDFLARE_TOKEN and _ZONE,
/// WEBHOST_SMOKE_UPSTASH_EMAIL and _KEY. Without them they are skipped.
/// </summary>
public sealed class VendorSmokeTests
{
    private const string Prefix = "WEBHOST_SMOKE_";
    private const string Nothing = "webhost-smoke-test-looks-for-nothing";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Robot_lists_our_servers_and_sells_the_product_that_we_order()
    {
        using var clients = Clients(("Hetzner:User", "HETZNER_USER"), ("Hetzner:Password", "HETZNER_PASSWORD"));

        // One after the other: three refused logins shut this address out for ten minutes.
        await clients.GetRequiredService<HetznerServers>().ListAsync(Cancelled);
        var quote = await clients.GetRequiredService<HetznerOrders>().QuoteAsync("AX52", "FSN1", Cancelled);

        Assert.InRange(quote.Monthly, 1, 500);
        Assert.Contains(quote.Distributions, name => name.StartsWith("Debian 12", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fly_lists_the_apps_of_our_organization_and_knows_none_of_a_name_that_nobody_has()
    {
        using var clients = Clients(("Fly:Token", "FLY_TOKEN"), ("Fly:Organization", "FLY_ORGANIZATION"));
        var apps = clients.GetRequiredService<FlyApps>();

        await apps.ListAsync(Cancelled);

        Assert.Null(await apps.FindAppAsync(Nothing, Cancelled));
    }

    [Fact]
    public async Task Fly_knows_no_redis_of_a_name_that_nobody_has()
    {
        using var clients = Clients(("Fly:Token", "FLY_TOKEN"), ("Fly:Organization", "FLY_ORGANIZATION"));

        Assert.Null(await clients.GetRequiredService<IRedisService>().FindAsync(Nothing, Cancelled));
    }

    [Fact]
    public async Task Cloudflare_has_no_record_of_a_name_that_nobody_has()
    {
        using var clients = Clients(("Cloudflare:Token", "CLOUDFLARE_TOKEN"), ("Cloudflare:ZoneId", "CLOUDFLARE_ZONE"));

        Assert.Empty(await clients.GetRequiredService<DnsRecords>().FindAsync($"{Nothing}.example.com", Cancelled));
    }

    [Fact]
    public async Task Upstash_knows_no_redis_of_a_name_that_nobody_has()
    {
        using var clients = Clients(("Upstash:Email", "UPSTASH_EMAIL"), ("Upstash:ApiKey", "UPSTASH_KEY"));

        Assert.Null(await clients.GetRequiredService<IRedisService>().FindAsync(Nothing, Cancelled));
    }

    // Clients of the real vendors; skips the test when one of its credentials is absent.
    private static ServiceProvider Clients(params (string Setting, string Variable)[] credentials)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Providers:Hetzner:BaseAddress"] = "https://robot-ws.your-server.de",
            ["Providers:Fly:BaseAddress"] = "https://api.machines.dev",
            ["Providers:Fly:GraphQlAddress"] = "https://api.fly.io/graphql",
            ["Providers:Fly:DatabaseImage"] = "unused",
            ["Providers:Fly:AppImage"] = "unused",
            ["Providers:Fly:DatabaseConnection"] = "Host={app}.example.com",
            ["Providers:Cloudflare:BaseAddress"] = "https://api.cloudflare.com/client/v4",
            ["Providers:Upstash:BaseAddress"] = "https://api.upstash.com/v2",
            ["Providers:Redis"] = credentials[0].Setting.StartsWith("Upstash", StringComparison.Ordinal) ? "Upstash" : "Fly",
        };
        foreach (var setting in (string[])["Hetzner:User", "Hetzner:Password", "Fly:Token", "Fly:Organization", "Cloudflare:Token",
            "Cloudflare:ZoneId", "Upstash:Email", "Upstash:ApiKey"])
        {
            settings[$"Providers:{setting}"] = "unused";
        }

        foreach (var (setting, variable) in credentials)
        {
            var value = Environment.GetEnvironmentVariable(Prefix + variable);
            Assert.SkipWhen(string.IsNullOrEmpty(value), $"{Prefix}{variable} is not set.");
            settings[$"Providers:{setting}"] = value;
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddProviders(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        return services.BuildServiceProvider();
    }
}
