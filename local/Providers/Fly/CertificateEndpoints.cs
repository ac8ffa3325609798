using System.Text.Json.Nodes;
using WebHost.Local.Providers.Cloudflare;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>Certificates, issued once the hostname's record at the simulated Cloudflare leads to the app.</summary>
internal sealed class CertificateEndpoints(ResourceStore store, FlyVendor vendor)
{
    private const string Prefix = "/fly/v1/apps/{app}/certificates";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "RequestAcmeCertificate", "POST", $"{Prefix}/acme", RequestAsync, StatusCodes.Status201Created);
        routes.MapOperation(vendor, "ShowCertificate", "GET", $"{Prefix}/{{hostname}}", ShowAsync);
        routes.MapOperation(vendor, "CheckCertificate", "POST", $"{Prefix}/{{hostname}}/check", CheckAsync);
        routes.MapOperation(
            vendor, "DeleteCertificate", "DELETE", $"{Prefix}/{{hostname}}", DeleteAsync, StatusCodes.Status204NoContent);
    }

    private static string Id(string app, string hostname) => $"{app} {hostname}";

    private static async Task<Resource> FindAsync(ResourceSession session, Call call) =>
        await session.FindAsync(FlyKinds.Certificate, Id(call.Route("app"), call.Route("hostname")))
        ?? throw new Refusal(StatusCodes.Status404NotFound, "unknown", "certificate not found");

    private static async Task<bool> LeadsToAsync(ResourceSession session, string hostname, string app)
    {
        var addresses = (await session.ListAsync(FlyKinds.Ip, app)).Select(ip => ip.Name).Append($"{app}.fly.dev").ToHashSet();
        return (await session.ListAsync(DnsEndpoints.Kind))
            .Any(record => record.Name == hostname && addresses.Contains(record.Text("content")!));
    }

    private async Task<JsonNode?> RequestAsync(Call call)
    {
        var body = await call.JsonAsync();
        return await store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
        {
            var app = await session.AppAsync(call.Route("app"));
            if ((string?)body["hostname"] is not { Length: > 0 } hostname || !hostname.Contains('.', StringComparison.Ordinal))
            {
                throw new Refusal(StatusCodes.Status422UnprocessableEntity, "unknown", "Validation failed: Hostname is invalid");
            }

            if (await session.FindAsync(FlyKinds.Certificate, Id(app.Id, hostname)) is not null)
            {
                throw new Refusal(StatusCodes.Status422UnprocessableEntity, "unknown", "Validation failed: Hostname already exists on app");
            }

            var ips = await session.ListAsync(FlyKinds.Ip, app.Id);
            var certificate = new Resource(FlyKinds.Certificate, Id(app.Id, hostname), app.Id, hostname, new JsonObject
            {
                ["hostname"] = hostname,
                ["configured"] = false,
                ["acme_requested"] = true,
                ["status"] = "pending_validation",
                ["dns_provider"] = "cloudflare",
                ["dns_requirements"] = new JsonObject
                {
                    ["a"] = Addresses(ips, six: false),
                    ["aaaa"] = Addresses(ips, six: true),
                    ["cname"] = $"{app.Id}.fly.dev",
                    ["acme_challenge"] = new JsonObject
                    {
                        ["name"] = $"_acme-challenge.{hostname}",
                        ["target"] = $"{hostname}.{app.Text("id")}.flydns.net",
                    },
                },
                ["certificates"] = new JsonArray(),
            });
            await session.PutAsync(certificate);
            return certificate.Shown();
        });
    }

    private static JsonArray Addresses(List<Resource> ips, bool six) => new([.. ips
        .Where(ip => ip.Name.Contains(':', StringComparison.Ordinal) == six && !ip.Name.StartsWith("fdaa", StringComparison.Ordinal))
        .Select(ip => (JsonNode)ip.Name)]);

    private Task<JsonNode?> ShowAsync(Call call) =>
        store.ReadAsync<JsonNode?>(async session => (await FindAsync(session, call)).Shown());

    private Task<JsonNode?> CheckAsync(Call call) => store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
    {
        var certificate = await FindAsync(session, call);
        var leads = await LeadsToAsync(session, certificate.Name, certificate.Parent);
        certificate.Body["configured"] = leads;
        certificate.Body["status"] = leads ? "active" : "pending_validation";
        await session.PutAsync(certificate);
        return certificate.Shown();
    });

    private Task<JsonNode?> DeleteAsync(Call call) => store.ChangeAsync<JsonNode?>(FlyKinds.Scope(call.Route("app")), async session =>
    {
        await session.RemoveAsync(await FindAsync(session, call));
        return null;
    });
}
