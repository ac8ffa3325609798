using Microsoft.Extensions.DependencyInjection;
using WebHost.Providers;
using WebHost.Providers.Redis;

namespace WebHost.Local.Providers.Tests.Upstash;

public sealed class UpstashRedisTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IRedisService Redis { get; } = simulators
        .CreateClients(new Dictionary<string, string?> { ["Providers:Redis"] = "Upstash" })
        .GetRequiredService<IRedisService>();

    [Fact]
    public async Task Ensure_whose_answer_was_lost_is_not_made_twice_and_deletes_to_nothing()
    {
        var request = new RedisRequest(Simulators.NewAppName(), "fra") { ReadRegions = ["iad", "ams"] };
        await simulators.OrderFaultAsync("Upstash", "CreateDatabase", "lost-response");

        await Assert.ThrowsAsync<ProviderException>(() => Redis.EnsureAsync(request, Cancelled));
        var adopted = await Redis.EnsureAsync(request, Cancelled);
        var databases = await simulators.ResourcesAsync("upstash");
        await Redis.DeleteAsync(request.Name, Cancelled);
        await Redis.DeleteAsync(request.Name, Cancelled);

        Assert.StartsWith("rediss://default:", adopted.ConnectionUrl, StringComparison.Ordinal);
        Assert.Single(databases, database => (string?)database["name"] == request.Name);
        Assert.Null(await Redis.FindAsync(request.Name, Cancelled));
    }

    [Fact]
    public async Task Ensure_without_room_says_capacity()
    {
        await simulators.OrderFaultAsync("Upstash", "CreateDatabase", "capacity");

        var refused = await Assert.ThrowsAsync<ProviderException>(
            () => Redis.EnsureAsync(new RedisRequest(Simulators.NewAppName(), "fra"), Cancelled));

        Assert.Equal(ProviderErrorKind.Capacity, refused.Kind);
    }

    [Fact]
    public async Task Ensure_near_a_region_nobody_knows_is_the_callers_mistake() =>
        await Assert.ThrowsAsync<ArgumentException>(
            () => Redis.EnsureAsync(new RedisRequest(Simulators.NewAppName(), "xyz"), Cancelled));
}
