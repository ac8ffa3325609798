using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;

namespace WebHost.Local.Providers.Tests.Fly;

public sealed class FlyCertificatesTests(Simulators simulators) : IClassFixture<Simulators>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_certificate_is_asked_for_once_and_active_when_the_hostname_leads_to_the_app()
    {
        var app = Simulators.NewAppName();
        var hostname = $"{app}.example.com";
        await simulators.Client<FlyApps>().EnsureAppAsync(app, app, Cancelled);
        var certificates = simulators.Client<FlyCertificates>();
        await simulators.OrderFaultAsync("Fly", "RequestAcmeCertificate", "lost-response");

        await Assert.ThrowsAsync<WebHost.Providers.ProviderException>(
            () => certificates.EnsureCertificateAsync(app, hostname, Cancelled));
        var asked = await certificates.EnsureCertificateAsync(app, hostname, Cancelled);
        var before = await certificates.CheckAsync(app, hostname, Cancelled);
        await simulators.Client<DnsRecords>().EnsureAsync(
            "CNAME", hostname, asked.DnsRequirements!.Cname!, Simulators.NewOwner(), Cancelled);
        var after = await certificates.CheckAsync(app, hostname, Cancelled);
        await certificates.DeleteCertificateAsync(app, hostname, Cancelled);
        await certificates.DeleteCertificateAsync(app, hostname, Cancelled);

        Assert.False(before.Configured);
        Assert.Equal((true, "active"), (after.Configured, after.Status));
        Assert.Equal($"_acme-challenge.{hostname}", asked.DnsRequirements.AcmeChallenge!.Name);
    }
}
