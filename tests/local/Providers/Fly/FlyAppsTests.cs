using System.Net.Http.Json;
using System.Text.Json.Nodes;
using WebHost.Providers;
using WebHost.Providers.Fly;

namespace WebHost.Local.Providers.Tests.Fly;

public sealed class FlyAppsTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private FlyApps Apps => simulators.Client<FlyApps>();

    [Fact]
    public async Task EnsureApp_makes_the_app_once_and_finds_it_again()
    {
        var name = Simulators.NewAppName();

        var made = await Apps.EnsureAppAsync(name, "network-1", Cancelled);
        var found = await Apps.EnsureAppAsync(name, "network-1", Cancelled);

        Assert.Equal(new FlyApp(name, "network-1"), made);
        Assert.Equal(made, found);
        Assert.Contains(name, await Apps.ListAsync(Cancelled));
    }

    [Fact]
    public async Task EnsureApp_whose_answer_was_lost_adopts_the_app_at_the_next_attempt()
    {
        var name = Simulators.NewAppName();
        await simulators.OrderFaultAsync("Fly", "CreateApp", "lost-response");

        var lost = await Assert.ThrowsAsync<ProviderException>(() => Apps.EnsureAppAsync(name, name, Cancelled));
        var adopted = await Apps.EnsureAppAsync(name, name, Cancelled);

        Assert.Equal(ProviderErrorKind.Transient, lost.Kind);
        Assert.Equal(name, adopted.Name);
    }

    [Fact]
    public async Task EnsureApp_refuses_a_name_that_another_organization_has()
    {
        var name = Simulators.NewAppName();
        using var seeded = await simulators.Http.PostAsJsonAsync("/seed/fly-app", new { name, organization = "someone-else" }, Cancelled);
        seeded.EnsureSuccessStatusCode();

        var refused = await Assert.ThrowsAsync<ProviderException>(() => Apps.EnsureAppAsync(name, name, Cancelled));

        Assert.Equal(ProviderErrorKind.Conflict, refused.Kind);
        Assert.Contains("someone-else", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnsureApp_refuses_an_app_on_another_network()
    {
        var name = Simulators.NewAppName();
        await Apps.EnsureAppAsync(name, "network-1", Cancelled);

        var refused = await Assert.ThrowsAsync<ProviderException>(() => Apps.EnsureAppAsync(name, "network-2", Cancelled));

        Assert.Equal(ProviderErrorKind.Conflict, refused.Kind);
    }

    [Fact]
    public async Task EnsureApp_with_a_name_that_is_not_ours_is_the_callers_mistake() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Apps.EnsureAppAsync("somebody", "network", Cancelled));

    [Fact]
    public async Task Ensuring_addresses_twice_gives_the_same_ones()
    {
        var name = Simulators.NewAppName();
        await Apps.EnsureAppAsync(name, name, Cancelled);

        var first = (await Apps.EnsureSharedIpAsync(name, Cancelled),
            await Apps.EnsureIpv6Async(name, Cancelled),
            await Apps.EnsurePrivateIpAsync(name, name, Cancelled));
        var second = (await Apps.EnsureSharedIpAsync(name, Cancelled),
            await Apps.EnsureIpv6Async(name, Cancelled),
            await Apps.EnsurePrivateIpAsync(name, name, Cancelled));

        Assert.Equal(first, second);
        Assert.Equal(3, new[] { first.Item1, first.Item2, first.Item3 }.Distinct().Count());
    }

    [Fact]
    public async Task EnsurePrivateIp_on_an_unknown_network_says_so()
    {
        var name = Simulators.NewAppName();
        await Apps.EnsureAppAsync(name, name, Cancelled);

        var refused = await Assert.ThrowsAsync<ProviderException>(
            () => Apps.EnsurePrivateIpAsync(name, "no-such-network", Cancelled));

        Assert.Equal(ProviderErrorKind.Permanent, refused.Kind);
        Assert.Contains("network not found", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetSecrets_answers_a_version_that_grows_and_removes_what_is_null()
    {
        var name = Simulators.NewAppName();
        await Apps.EnsureAppAsync(name, name, Cancelled);

        var first = await Apps.SetSecretsAsync(name, new Dictionary<string, string?> { ["A"] = "1", ["B"] = "2" }, Cancelled);
        var second = await Apps.SetSecretsAsync(name, new Dictionary<string, string?> { ["B"] = null }, Cancelled);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/fly/v1/apps/{name}/secrets");
        request.Headers.Authorization = new("Bearer", Simulators.FlyToken);
        using var answer = await simulators.Http.SendAsync(request, Cancelled);
        var names = ((JsonArray)(await answer.Content.ReadFromJsonAsync<JsonObject>(Cancelled))!["secrets"]!)
            .Select(secret => (string?)secret!["name"]);

        Assert.True(second > first);
        Assert.Equal(["A"], names);
    }

    [Fact]
    public async Task DeleteApp_of_what_is_not_there_is_success() => await Apps.DeleteAppAsync(Simulators.NewAppName(), Cancelled);

    [Fact]
    public async Task DeleteApp_takes_machines_volumes_and_addresses_with_it()
    {
        var name = Simulators.NewAppName();
        await Apps.EnsureAppAsync(name, name, Cancelled);
        await Apps.EnsureSharedIpAsync(name, Cancelled);
        await simulators.StartDatabaseAsync(name, Simulators.NewOwner(), "secret-1");

        await Apps.DeleteAppAsync(name, Cancelled);

        Assert.Null(await Apps.FindAppAsync(name, Cancelled));
        Assert.DoesNotContain(
            await simulators.ResourcesAsync("fly"), resource => (string?)resource["parent"] == name || (string?)resource["id"] == name);
    }

    [Fact]
    public async Task DeleteApp_never_touches_an_app_of_another_organization()
    {
        var name = Simulators.NewAppName();
        using var seeded = await simulators.Http.PostAsJsonAsync("/seed/fly-app", new { name, organization = "someone-else" }, Cancelled);
        seeded.EnsureSuccessStatusCode();

        await Assert.ThrowsAsync<ProviderException>(() => Apps.DeleteAppAsync(name, Cancelled));

        Assert.Contains(await simulators.ResourcesAsync("fly"), resource => (string?)resource["id"] == name);
    }
}
