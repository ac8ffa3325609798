using System.Net.Http.Json;
using WebHost.Providers;
using WebHost.Providers.Cloudflare;

namespace WebHost.Local.Providers.Tests.Cloudflare;

public sealed class DnsRecordsTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private DnsRecords Dns => simulators.Client<DnsRecords>();

    [Fact]
    public async Task Ensure_makes_one_record_with_the_tenants_mark_and_finds_it_again()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());

        await Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled);
        await Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled);

        var record = Assert.Single(await Dns.FindAsync(name, Cancelled));
        Assert.Equal(("A", "192.0.2.1", $"webhost tenant={owner.TenantId}"), (record.Type, record.Content, record.Comment));
    }

    [Fact]
    public async Task Ensure_of_another_address_changes_the_record_and_never_adds_a_second_that_would_be_answered_in_turn()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());
        await Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled);
        await simulators.OrderFaultAsync("Cloudflare", "UpdateDnsRecord", "lost-response");

        await Dns.EnsureAsync("A", name, "192.0.2.2", owner, Cancelled);

        Assert.Equal("192.0.2.2", Assert.Single(await Dns.FindAsync(name, Cancelled)).Content);
    }

    [Fact]
    public async Task Ensure_whose_answer_was_lost_is_not_made_twice()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());
        await simulators.OrderFaultAsync("Cloudflare", "CreateDnsRecord", "lost-response");

        var lost = await Assert.ThrowsAsync<ProviderException>(() => Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled));
        await Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled);

        Assert.Equal(ProviderErrorKind.Transient, lost.Kind);
        Assert.Single(await Dns.FindAsync(name, Cancelled));
    }

    [Fact]
    public async Task Ensure_by_two_at_once_leaves_one_record()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());

        await Task.WhenAll(
            Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled),
            Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled));

        Assert.Single(await Dns.FindAsync(name, Cancelled));
    }

    [Fact]
    public async Task Ensure_mends_a_hostname_that_two_of_our_records_answer_in_turn()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());
        await Dns.EnsureAsync(name, [new("A", "192.0.2.1"), new("A", "192.0.2.2")], owner, Cancelled);

        await Dns.EnsureAsync("A", name, "192.0.2.2", owner, Cancelled);

        Assert.Equal("192.0.2.2", Assert.Single(await Dns.FindAsync(name, Cancelled)).Content);
    }

    [Fact]
    public async Task Ensure_of_a_CNAME_takes_the_place_of_addresses_and_back_in_one_transaction()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());
        await Dns.EnsureAsync(name, [new("A", "192.0.2.1"), new("AAAA", "2001:db8:0:0::1")], owner, Cancelled);
        await Dns.EnsureAsync(name, [new("A", "192.0.2.1"), new("AAAA", "2001:db8::1")], owner, Cancelled);

        await Dns.EnsureAsync("CNAME", name, "app.fly.dev", owner, Cancelled);
        var away = await Dns.FindAsync(name, Cancelled);
        await Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled);

        Assert.Equal("app.fly.dev", Assert.Single(away).Content);
        Assert.Equal("192.0.2.1", Assert.Single(await Dns.FindAsync(name, Cancelled)).Content);
    }

    [Fact]
    public async Task Ensure_and_delete_leave_the_record_of_another_tenant_alone()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());
        await Dns.EnsureAsync("A", name, "192.0.2.1", owner, Cancelled);

        var refused = await Assert.ThrowsAsync<ProviderException>(
            () => Dns.EnsureAsync("A", name, "192.0.2.2", Simulators.NewOwner(), Cancelled));
        await Dns.DeleteAsync(name, Simulators.NewOwner(), Cancelled);

        Assert.Equal(ProviderErrorKind.Conflict, refused.Kind);
        Assert.Equal("192.0.2.1", Assert.Single(await Dns.FindAsync(name, Cancelled)).Content);
    }

    [Fact]
    public async Task Delete_removes_the_tenants_records_and_may_be_repeated()
    {
        var (name, owner) = (NewName(), Simulators.NewOwner());
        await Dns.EnsureAsync(name, [new("A", "192.0.2.1"), new("AAAA", "2001:db8::1")], owner, Cancelled);

        await Dns.DeleteAsync(name, owner, Cancelled);
        await Dns.DeleteAsync(name, owner, Cancelled);

        Assert.Empty(await Dns.FindAsync(name, Cancelled));
    }

    [Fact]
    public async Task Ensure_of_what_is_no_address_is_refused_in_Cloudflares_words()
    {
        var refused = await Assert.ThrowsAsync<ProviderException>(
            () => Dns.EnsureAsync("A", NewName(), "not-an-address", Simulators.NewOwner(), Cancelled));

        Assert.Equal((ProviderErrorKind.Permanent, "9005"), (refused.Kind, refused.Code));
        Assert.Contains("must be a valid IPv4 address", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_simulated_Cloudflare_takes_a_second_address_for_a_name_as_the_real_one_does()
    {
        var name = NewName();
        simulators.Http.DefaultRequestHeaders.Authorization = new("Bearer", "cloudflare-token-of-the-tests");
        foreach (var content in (string[])["192.0.2.1", "192.0.2.2"])
        {
            using var answer = await simulators.Http.PostAsJsonAsync(
                $"/cloudflare/client/v4/zones/{Simulators.Zone}/dns_records", new { type = "A", name, content, ttl = 60 }, Cancelled);
            answer.EnsureSuccessStatusCode();
        }

        Assert.Equal(2, (await Dns.FindAsync(name, Cancelled)).Count);
    }

    private static string NewName() => $"t-{Guid.NewGuid():n}.example.com";
}
