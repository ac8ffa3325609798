using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using WebHost.Providers;

namespace WebHost.Tests.Providers;

public sealed class ProvidersOptionsTests
{
    private static readonly Dictionary<string, string?> Complete = new()
    {
        ["Providers:Hetzner:BaseAddress"] = "https://robot-ws.your-server.de",
        ["Providers:Hetzner:User"] = "#ws+1",
        ["Providers:Hetzner:Password"] = "p",
        ["Providers:Fly:BaseAddress"] = "https://api.machines.dev",
        ["Providers:Fly:GraphQlAddress"] = "https://api.fly.io/graphql",
        ["Providers:Fly:Token"] = "t",
        ["Providers:Fly:Organization"] = "webhost",
        ["Providers:Fly:DatabaseImage"] = "flyio/postgres-flex-timescaledb:16",
        ["Providers:Fly:AppImage"] = "registry.fly.io/webhost:1",
        ["Providers:Fly:DatabaseConnection"] = "Host={app}.fly.dev;Port=5432;Username=postgres;Database=postgres;SSL Mode=Require",
        ["Providers:Cloudflare:BaseAddress"] = "https://api.cloudflare.com/client/v4",
        ["Providers:Cloudflare:Token"] = "t",
        ["Providers:Cloudflare:ZoneId"] = "z",
    };

    public static TheoryData<string> Required => [.. Complete.Keys];

    [Fact]
    public void Complete_settings_are_accepted_and_name_a_database_for_each_app()
    {
        var options = Bind(Complete);

        Assert.Equal(
            "Host=webhost-1-db.fly.dev;Port=5432;Username=postgres;Database=postgres;SSL Mode=Require",
            options.Fly.DatabaseConnectionOf("webhost-1-db"));
    }

    [Theory]
    [MemberData(nameof(Required))]
    public void Missing_setting_is_named(string setting)
    {
        var faults = FaultsOf(Complete.Where(pair => pair.Key != setting).ToDictionary());

        Assert.Contains(setting.Replace(":", "__", StringComparison.Ordinal), Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void No_setting_at_all_names_every_one_at_once() => Assert.Equal(Complete.Count, FaultsOf([]).Count());

    [Fact]
    public void Upstash_settings_are_needed_when_it_is_chosen()
    {
        var settings = new Dictionary<string, string?>(Complete) { ["Providers:Redis"] = "Upstash" };

        Assert.Equal(
            ["Providers__Upstash__BaseAddress is not set.", "Providers__Upstash__Email is not set.", "Providers__Upstash__ApiKey is not set."],
            FaultsOf(settings));
    }

    [Theory]
    [InlineData("Providers:Fly:BaseAddress", "http://api.machines.dev")]
    [InlineData("Providers:Fly:DatabaseConnection", "Host=db")]
    [InlineData("Providers:Fly:DatabaseConnection", "Host={app};Password=secret;Nonsense=1")]
    [InlineData("Providers:RequestTimeout", "00:00:00")]
    public void Wrong_setting_is_named_without_a_secret(string setting, string value)
    {
        var fault = Assert.Single(FaultsOf(new Dictionary<string, string?>(Complete) { [setting] = value }));

        Assert.Contains(setting.Replace(":", "__", StringComparison.Ordinal), fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_http_is_accepted_on_this_machine() =>
        Bind(new Dictionary<string, string?>(Complete) { ["Providers:Fly:BaseAddress"] = "http://127.0.0.1:7080/fly" });

    private static IEnumerable<string> FaultsOf(Dictionary<string, string?> settings) =>
        Assert.Throws<OptionsValidationException>(() => Bind(settings)).Failures;

    private static ProvidersOptions Bind(Dictionary<string, string?> settings)
    {
        var services = new ServiceCollection();
        services.AddProviders(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<ProvidersOptions>>().Value;
    }
}
