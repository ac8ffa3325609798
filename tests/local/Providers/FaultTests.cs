using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WebHost.Providers;
using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Redis;

namespace WebHost.Local.Providers.Tests;

/// <summary>Every fault at every provider: what our clients make of it, and that the next attempt succeeds.</summary>
public sealed class FaultTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static readonly Dictionary<string, Func<IServiceProvider, ResourceOwner, Task>> Intents = new()
    {
        ["Fly"] = (clients, _) =>
        {
            var name = Simulators.NewAppName();
            return clients.GetRequiredService<FlyApps>().EnsureAppAsync(name, name, Cancelled);
        },
        ["Hetzner"] = (clients, _) => clients.GetRequiredService<HetznerOrders>()
            .EnsureOrderAsync(Hetzner.HetznerOrdersTests.NewRequest(), Cancelled),
        ["Cloudflare"] = (clients, owner) => clients.GetRequiredService<DnsRecords>()
            .EnsureAsync("A", $"t-{Guid.NewGuid():n}.example.com", "192.0.2.1", owner, Cancelled),
        ["Upstash"] = (clients, _) => clients.GetRequiredService<IRedisService>()
            .EnsureAsync(new RedisRequest(Simulators.NewAppName(), "fra"), Cancelled),
    };

    private static readonly Dictionary<string, string> Creations = new()
    {
        ["Fly"] = "CreateApp",
        ["Hetzner"] = "CreateOrder",
        ["Cloudflare"] = "CreateDnsRecord",
        ["Upstash"] = "CreateDatabase",
    };

    private static readonly Dictionary<string, ProviderErrorKind> Meanings = new()
    {
        ["error"] = ProviderErrorKind.Transient,
        ["timeout"] = ProviderErrorKind.Transient,
        ["lost-response"] = ProviderErrorKind.Transient,
        ["capacity"] = ProviderErrorKind.Capacity,
        ["rate-limit"] = ProviderErrorKind.RateLimited,
    };

    public static TheoryData<string, string> ProvidersAndFaults
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var provider in Intents.Keys)
            {
                foreach (var kind in Meanings.Keys)
                {
                    data.Add(provider, kind);
                }
            }

            return data;
        }
    }

    public static TheoryData<string> AllProviders => [.. Intents.Keys];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ProvidersAndFaults))]
    public async Task A_fault_at_a_creation_is_told_for_what_it_is_and_the_next_attempt_succeeds(string provider, string kind)
    {
        var clients = CreateClients();
        // More than our quick repeats outlast.
        await simulators.OrderFaultAsync(provider, Creations[provider], kind, times: 3);

        var error = await Assert.ThrowsAsync<ProviderException>(() => Intents[provider](clients, Simulators.NewOwner()));
        await simulators.ClearFaultsAsync();
        await Intents[provider](clients, Simulators.NewOwner());

        // Robot has no word for it: it calls the location invalid.
        var expected = (provider, kind) == ("Hetzner", "capacity") ? ProviderErrorKind.Permanent : Meanings[kind];
        Assert.Equal((provider, Creations[provider], expected), (error.Provider, error.Operation, error.Kind));
        Assert.Equal(kind == "rate-limit", error.RetryAfter is not null);
    }

    [Theory]
    [MemberData(nameof(AllProviders))]
    public async Task A_slow_answer_is_waited_for(string provider)
    {
        await simulators.OrderFaultAsync(provider, Creations[provider], "slow", delayMs: 150);

        await Intents[provider](CreateClients(), Simulators.NewOwner());
    }

    [Fact]
    public async Task A_look_that_fails_once_is_repeated_and_nobody_notices()
    {
        var name = Simulators.NewAppName();
        var before = await simulators.CountCallsAsync("ShowApp");
        await simulators.OrderFaultAsync("Fly", "ShowApp", "error", status: 503);

        await simulators.Client<FlyApps>().FindAppAsync(name, Cancelled);

        Assert.Equal(before + 2, await simulators.CountCallsAsync("ShowApp"));
    }

    [Fact]
    public async Task A_creation_that_fails_is_not_repeated_blindly()
    {
        var name = Simulators.NewAppName();
        var before = await simulators.CountCallsAsync("CreateApp");
        await simulators.OrderFaultAsync("Fly", "CreateApp", "error", status: 503);

        await Assert.ThrowsAsync<ProviderException>(() => simulators.Client<FlyApps>().EnsureAppAsync(name, name, Cancelled));

        Assert.Equal(before + 1, await simulators.CountCallsAsync("CreateApp"));
    }

    [Fact]
    public async Task A_provider_that_keeps_failing_is_left_alone_for_a_while()
    {
        var apps = CreateClients().GetRequiredService<FlyApps>();
        await simulators.OrderFaultAsync("Fly", "ShowApp", "error", times: 100);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ =>
            Assert.ThrowsAsync<ProviderException>(() => apps.FindAppAsync(Simulators.NewAppName(), Cancelled))));

        var before = await simulators.CountCallsAsync("ShowApp");
        var spared = await Assert.ThrowsAsync<ProviderException>(() => apps.FindAppAsync(Simulators.NewAppName(), Cancelled));
        await simulators.ClearFaultsAsync();

        Assert.Equal(ProviderErrorKind.Transient, spared.Kind);
        Assert.NotNull(spared.RetryAfter);
        Assert.Equal(before, await simulators.CountCallsAsync("ShowApp"));
    }

    [Fact]
    public async Task A_wrong_token_is_an_auth_error_that_never_repeats_it()
    {
        var clients = simulators.CreateClients(
            new Dictionary<string, string?> { ["Providers:Fly:Token"] = "wrong", ["Providers:Cloudflare:Token"] = "wrong" });

        var fly = await Assert.ThrowsAsync<ProviderException>(
            () => clients.GetRequiredService<FlyApps>().FindAppAsync(Simulators.NewAppName(), Cancelled));
        var cloudflare = await Assert.ThrowsAsync<ProviderException>(
            () => clients.GetRequiredService<DnsRecords>().FindAsync("t.example.com", Cancelled));

        Assert.Equal((ProviderErrorKind.Auth, ProviderErrorKind.Auth), (fly.Kind, cloudflare.Kind));
        Assert.Equal("10000", cloudflare.Code);
    }

    [Fact]
    public async Task No_secret_appears_in_a_log_an_exception_or_the_list_of_calls()
    {
        var log = new CollectingLoggerProvider();
        var clients = simulators.CreateClients(configure: services =>
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log)));
        var apps = clients.GetRequiredService<FlyApps>();
        var name = Simulators.NewAppName();
        await apps.EnsureAppAsync(name, name, Cancelled);
        await apps.SetSecretsAsync(name, new Dictionary<string, string?> { ["OPERATOR_PASSWORD"] = "tenant-secret" }, Cancelled);
        await simulators.OrderFaultAsync("Fly", "UpdateSecrets", "error", status: 400);
        var error = await Assert.ThrowsAsync<ProviderException>(() => apps.SetSecretsAsync(
            name, new Dictionary<string, string?> { ["OPERATOR_PASSWORD"] = "tenant-secret" }, Cancelled));
        var calls = await simulators.Http.GetFromJsonAsync<JsonObject>("/calls", Cancelled);

        var everything = string.Join('\n', log.Lines) + error + calls;

        Assert.Contains("UpdateSecrets", everything, StringComparison.Ordinal);
        Assert.DoesNotContain("tenant-secret", everything, StringComparison.Ordinal);
        Assert.DoesNotContain(Simulators.FlyToken, everything, StringComparison.Ordinal);
    }

    private IServiceProvider CreateClients() => simulators.CreateClients(new Dictionary<string, string?>
    {
        ["Providers:Redis"] = "Upstash",
        ["Providers:RequestTimeout"] = "00:00:00.600",
    });
}
