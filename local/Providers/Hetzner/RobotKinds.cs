using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Hetzner;

/// <summary>What Robot keeps, and how its parts are made.</summary>
internal static class RobotKinds
{
    public const string Server = "hetzner.server";
    public const string Order = "hetzner.order";
    public const string Key = "hetzner.key";

    /// <summary>All changes of the account happen one after the other.</summary>
    public const string Scope = "hetzner";

    /// <exception cref="Refusal">There is no such server.</exception>
    public static async Task<Resource> ServerAsync(this ResourceSession session, string number) =>
        await session.FindAsync(Server, number)
        ?? throw new Refusal(StatusCodes.Status404NotFound, "SERVER_NOT_FOUND", "server not found");

    /// <summary>A server as it is handed over.</summary>
    public static async Task<Resource> AddServerAsync(this ResourceSession session, string product, string location, bool ipv4)
    {
        var number = await session.NextNumberAsync();
        // Benchmark addresses (RFC 2544): routed nowhere.
        var address = ipv4 ? $"198.18.{number / 254 % 254}.{number % 254 + 1}" : null;
        var network = $"2001:db8:{number:x}::";
        var server = new Resource(Server, $"{number}", "", $"server{number}", new JsonObject
        {
            ["server_ip"] = address,
            ["server_ipv6_net"] = network,
            ["server_number"] = number,
            ["server_name"] = "",
            ["product"] = product,
            ["dc"] = $"{location}-DC{number % 20 + 1}",
            ["traffic"] = "unlimited",
            ["status"] = "ready",
            ["cancelled"] = false,
            ["paid_until"] = DateOnly.FromDateTime(DateTime.UtcNow).AddMonths(1).ToString("O", System.Globalization.CultureInfo.InvariantCulture),
            ["ip"] = address is null ? null : new JsonArray(address),
            ["subnet"] = new JsonArray(new JsonObject { ["ip"] = network, ["mask"] = "64" }),
            ["_location"] = location,
            ["_linux_dist"] = null,
            ["_firewall"] = null,
            ["_firewall_until"] = null,
            ["_cancellation"] = null,
        });
        await session.PutAsync(server);
        return server;
    }

    public static JsonObject Wrap(string key, JsonNode? value) => new() { [key] = value };
}
