using WebHost.Providers;
using WebHost.Providers.Redis;

namespace WebHost.Local.Providers.Tests.Fly;

public sealed class FlyRedisTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IRedisService Redis => simulators.Client<IRedisService>();

    [Fact]
    public async Task Ensure_whose_answer_was_lost_is_not_made_twice_and_deletes_to_nothing()
    {
        var request = new RedisRequest(Simulators.NewAppName(), "fra");
        await simulators.OrderFaultAsync("Fly", "CreateAddOn", "lost-response");

        await Assert.ThrowsAsync<ProviderException>(() => Redis.EnsureAsync(request, Cancelled));
        var adopted = await Redis.EnsureAsync(request, Cancelled);
        var found = await Redis.FindAsync(request.Name, Cancelled);
        await Redis.DeleteAsync(request.Name, Cancelled);
        await Redis.DeleteAsync(request.Name, Cancelled);

        Assert.Equal(adopted, found);
        Assert.StartsWith("redis://default:", adopted.ConnectionUrl, StringComparison.Ordinal);
        Assert.DoesNotContain(adopted.ConnectionUrl, adopted.ToString(), StringComparison.Ordinal);
        Assert.Null(await Redis.FindAsync(request.Name, Cancelled));
    }

    [Fact]
    public async Task Ensure_refuses_an_add_on_of_another_organization()
    {
        var request = new RedisRequest(Simulators.NewAppName(), "fra");
        var others = simulators.CreateClients(new Dictionary<string, string?> { ["Providers:Fly:Organization"] = "someone-else" });
        await ((IRedisService)others.GetService(typeof(IRedisService))!).EnsureAsync(request, Cancelled);

        var refused = await Assert.ThrowsAsync<ProviderException>(() => Redis.EnsureAsync(request, Cancelled));
        await Assert.ThrowsAsync<ProviderException>(() => Redis.DeleteAsync(request.Name, Cancelled));

        Assert.Equal(ProviderErrorKind.Conflict, refused.Kind);
    }
}
