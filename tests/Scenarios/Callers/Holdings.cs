using System.Net;
using System.Text.RegularExpressions;
using Npgsql;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Callers;

/// <summary>
/// What exists for a tenant anywhere: at the vendors, on the database server, and of slots. Names are made comparable, so
/// that two tenants on the same plan hold the same: a holding too many was made twice, one too few is missing.
/// </summary>
internal static partial class Holdings
{
    public static async Task<IReadOnlyList<string>> GetHoldingsAsync(this LocalApp app, SignedUp tenant)
    {
        var resources = from resource in await app.Simulators.GetResourcesAsync()
                        where IsOf(resource, tenant)
                        select $"{resource.Provider} {resource.Kind} {resource.Name} in {resource.Parent}";
        await using var server = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString) { MaxPoolSize = 1 });
        await using var control = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(app.ControlDatabase) { MaxPoolSize = 1 });
        string[] all =
        [
            .. resources,
            .. await server.ListAsync<string>(
                "SELECT 'database ' || datname FROM pg_database WHERE strpos(datname, $1) > 0", tenant.Short),
            .. await server.ListAsync<string>(
                "SELECT 'role ' || rolname FROM pg_roles WHERE strpos(rolname, $1) > 0", tenant.Short),
            .. await control.ListAsync<string>("SELECT 'slot' FROM server_slots WHERE tenant_id = $1", tenant.TenantId),
            .. await control.ListAsync<string>(
                "SELECT 'password' FROM secrets WHERE strpos(name, $1) > 0", $"/wh_{tenant.Short}_"),
        ];
        return [.. all.Select(holding => Comparable(holding, tenant)).Order(StringComparer.Ordinal)];
    }

    /// <summary>What the vendors have that belongs to none of these tenants; the operators' own servers are not among it.</summary>
    public static async Task<IReadOnlyList<VendorResource>> GetOrphansAsync(this LocalApp app, IReadOnlyCollection<SignedUp> tenants) =>
    [
        .. (await app.Simulators.GetResourcesAsync())
            .Where(resource => resource.Provider != "hetzner" && !tenants.Any(tenant => IsOf(resource, tenant)))
    ];

    private static bool IsOf(VendorResource resource, SignedUp tenant) =>
        resource.Name.Contains(tenant.Short, StringComparison.Ordinal)
        || resource.Parent.Contains(tenant.Short, StringComparison.Ordinal);

    // Addresses differ from tenant to tenant, and the epoch grows with every retry.
    private static string Comparable(string holding, SignedUp tenant)
    {
        var words = holding.Split(' ').Select(word =>
            IPAddress.TryParse(word, out var address) ? address.AddressFamily.ToString() : word);
        return Epoch().Replace(string.Join(' ', words).Replace(tenant.Short, "TENANT", StringComparison.Ordinal), "$1eN");
    }

    [GeneratedRegex(@"([-_])e\d+\b")]
    private static partial Regex Epoch();
}
