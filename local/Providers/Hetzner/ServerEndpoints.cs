using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Hetzner;

/// <summary>Dedicated servers: their names, ends, installations and firewalls.</summary>
internal sealed partial class ServerEndpoints(ResourceStore store, RobotVendor vendor, SimulatorsOptions options)
{
    private const int MostRules = 10;

    private static readonly string[] Features =
        ["reset", "rescue", "vnc", "windows", "plesk", "cpanel", "wol", "hot_swap"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "ListServers", "GET", "/hetzner/server", ListAsync);
        routes.MapOperation(vendor, "GetServer", "GET", "/hetzner/server/{number}", GetAsync);
        routes.MapOperation(vendor, "RenameServer", "POST", "/hetzner/server/{number}", RenameAsync);
        routes.MapOperation(vendor, "GetCancellation", "GET", "/hetzner/server/{number}/cancellation", GetCancellationAsync);
        routes.MapOperation(vendor, "CancelServer", "POST", "/hetzner/server/{number}/cancellation", CancelAsync);
        routes.MapOperation(vendor, "WithdrawCancellation", "DELETE", "/hetzner/server/{number}/cancellation", WithdrawAsync);
        routes.MapOperation(vendor, "GetLinux", "GET", "/hetzner/boot/{number}/linux", GetLinuxAsync);
        routes.MapOperation(vendor, "ActivateLinux", "POST", "/hetzner/boot/{number}/linux", ActivateLinuxAsync);
        routes.MapOperation(vendor, "ResetServer", "POST", "/hetzner/reset/{number}", ResetAsync);
        routes.MapOperation(vendor, "GetFirewall", "GET", "/hetzner/firewall/{number}", GetFirewallAsync);
        routes.MapOperation(vendor, "SetFirewall", "POST", "/hetzner/firewall/{number}", SetFirewallAsync);
    }

    [GeneratedRegex(@"^rules\[(input|output)\]\[(\d+)\]\[(\w+)\]$")]
    private static partial Regex RuleField();

    private static Refusal Invalid(string field) => new(StatusCodes.Status400BadRequest, "INVALID_INPUT", "invalid input")
    {
        Fields = new JsonObject { ["missing"] = null, ["invalid"] = new JsonArray(field) },
    };

    private static JsonObject Identity(Resource server) => new()
    {
        ["server_ip"] = server.Body["server_ip"]?.DeepClone(),
        ["server_ipv6_net"] = server.Body["server_ipv6_net"]?.DeepClone(),
        ["server_number"] = server.Body["server_number"]!.DeepClone(),
    };

    // Asked for alone, a server says more about itself than in the list.
    private static JsonObject Single(Resource server)
    {
        var shown = server.Shown();
        foreach (var feature in Features)
        {
            shown[feature] = feature is "reset" or "rescue" or "wol";
        }

        return RobotKinds.Wrap("server", shown);
    }

    private static JsonObject Cancellation(Resource server)
    {
        var date = server.Text("_cancellation");
        var cancellation = Identity(server);
        cancellation["server_name"] = server.Text("server_name");
        cancellation["earliest_cancellation_date"] = Date(DateTime.UtcNow);
        cancellation["cancelled"] = date is not null;
        cancellation["reservation_possible"] = false;
        cancellation["reserved"] = false;
        cancellation["cancellation_date"] = date;
        cancellation["cancellation_reason"] = null;
        return RobotKinds.Wrap("cancellation", cancellation);
    }

    private static JsonObject Linux(Resource server, string? distribution)
    {
        var linux = Identity(server);
        linux["dist"] = distribution is null ? new JsonArray("Debian 12 base", "Ubuntu 24.04 LTS base") : distribution;
        linux["arch"] = distribution is null ? new JsonArray(64) : 64;
        linux["lang"] = distribution is null ? new JsonArray("en") : "en";
        linux["active"] = distribution is not null;
        linux["password"] = null;
        linux["authorized_key"] = new JsonArray();
        linux["host_key"] = new JsonArray();
        return RobotKinds.Wrap("linux", linux);
    }

    private static bool IsFirewallInProcess(Resource server) =>
        (long?)server.Body["_firewall_until"] is { } until && DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() < until;

    private static JsonObject Firewall(Resource server)
    {
        var set = server.Body["_firewall"] as JsonObject;
        var firewall = Identity(server);
        firewall.Remove("server_ipv6_net");
        firewall["status"] = IsFirewallInProcess(server) ? "in process" : set is null ? "disabled" : "active";
        firewall["filter_ipv6"] = false;
        firewall["whitelist_hos"] = true;
        firewall["port"] = "main";
        firewall["rules"] = set?.DeepClone() ?? new JsonObject { ["input"] = new JsonArray(), ["output"] = new JsonArray() };
        return RobotKinds.Wrap("firewall", firewall);
    }

    private static JsonObject Rules(IFormCollection form)
    {
        var rules = new SortedDictionary<(string Direction, int Index), JsonObject>();
        foreach (var (key, value) in form)
        {
            if (RuleField().Match(key) is { Success: true } match)
            {
                var index = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
                var place = (match.Groups[1].Value, index);
                if (!rules.TryGetValue(place, out var rule))
                {
                    rules[place] = rule = new JsonObject
                    {
                        ["ip_version"] = null,
                        ["name"] = null,
                        ["dst_ip"] = null,
                        ["src_ip"] = null,
                        ["dst_port"] = null,
                        ["src_port"] = null,
                        ["protocol"] = null,
                        ["tcp_flags"] = null,
                        ["action"] = null,
                    };
                }

                if (!rule.ContainsKey(match.Groups[3].Value))
                {
                    throw Invalid(key);
                }

                rule[match.Groups[3].Value] = (string?)value;
            }
            else if (key.StartsWith("rules", StringComparison.Ordinal))
            {
                throw Invalid(key);
            }
        }

        if (rules.FirstOrDefault(rule => (string?)rule.Value["action"] is not ("accept" or "discard")) is { Value: not null })
        {
            throw Invalid("action");
        }

        if (rules.Keys.CountBy(place => place.Direction).Any(count => count.Value > MostRules))
        {
            throw new Refusal(StatusCodes.Status409Conflict, "FIREWALL_RULE_LIMIT_EXCEEDED", "firewall rule limit exceeded");
        }

        return new JsonObject
        {
            ["input"] = new JsonArray([.. rules.Where(rule => rule.Key.Direction == "input").Select(rule => (JsonNode)rule.Value)]),
            ["output"] = new JsonArray([.. rules.Where(rule => rule.Key.Direction == "output").Select(rule => (JsonNode)rule.Value)]),
        };
    }

    private static string Date(DateTime time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private Task<JsonNode?> ListAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var servers = await session.ListAsync(RobotKinds.Server);
        return servers.Count == 0
            ? throw new Refusal(StatusCodes.Status404NotFound, "SERVER_NOT_FOUND", "No server found")
            : new JsonArray([.. servers.Select(server => (JsonNode)RobotKinds.Wrap("server", server.Shown()))]);
    });

    private Task<JsonNode?> GetAsync(Call call) => ReadAsync(call, Single);

    private async Task<JsonNode?> RenameAsync(Call call)
    {
        var form = await call.FormAsync();
        return await ChangeAsync(call, server =>
        {
            server.Body["server_name"] = (string?)form["server_name"] ?? throw Invalid("server_name");
            return Single(server);
        });
    }

    private Task<JsonNode?> GetCancellationAsync(Call call) => ReadAsync(call, Cancellation);

    private async Task<JsonNode?> CancelAsync(Call call)
    {
        var form = await call.FormAsync();
        return await ChangeAsync(call, server =>
        {
            if (server.Text("_cancellation") is not null)
            {
                throw new Refusal(StatusCodes.Status409Conflict, "CONFLICT", "The server is already cancelled");
            }

            if (!DateOnly.TryParseExact((string?)form["cancellation_date"], "yyyy-MM-dd", out var date)
                || date < DateOnly.FromDateTime(DateTime.UtcNow))
            {
                throw Invalid("cancellation_date");
            }

            server.Body["_cancellation"] = (string?)form["cancellation_date"];
            server.Body["cancelled"] = true;
            return Cancellation(server);
        });
    }

    private Task<JsonNode?> WithdrawAsync(Call call) => ChangeAsync(call, server =>
    {
        if (server.Text("_cancellation") is null)
        {
            throw new Refusal(StatusCodes.Status409Conflict, "CONFLICT", "The server is not cancelled");
        }

        server.Body["_cancellation"] = null;
        server.Body["cancelled"] = false;
        return null;
    });

    private Task<JsonNode?> GetLinuxAsync(Call call) => ReadAsync(call, server => Linux(server, server.Text("_linux_dist")));

    private async Task<JsonNode?> ActivateLinuxAsync(Call call)
    {
        var form = await call.FormAsync();
        return await ChangeAsync(call, server =>
        {
            if (server.Text("_linux_dist") is not null)
            {
                throw new Refusal(StatusCodes.Status409Conflict, "BOOT_ALREADY_ENABLED", "A boot configuration is already active");
            }

            server.Body["_linux_dist"] = (string?)form["dist"] is { Length: > 0 } distribution ? distribution : throw Invalid("dist");
            return Linux(server, (string?)form["dist"]);
        });
    }

    private async Task<JsonNode?> ResetAsync(Call call)
    {
        var form = await call.FormAsync();
        return await ChangeAsync(call, server =>
        {
            if ((string?)form["type"] is not ("sw" or "hw" or "man" or "power" or "power_long"))
            {
                throw Invalid("type");
            }

            // The installation that was prepared happens now.
            server.Body["_linux_dist"] = null;
            var reset = Identity(server);
            reset["type"] = (string?)form["type"];
            return RobotKinds.Wrap("reset", reset);
        });
    }

    private Task<JsonNode?> GetFirewallAsync(Call call) => ReadAsync(call, Firewall);

    private async Task<JsonNode?> SetFirewallAsync(Call call)
    {
        var form = await call.FormAsync();
        return await ChangeAsync(call, server =>
        {
            if (IsFirewallInProcess(server))
            {
                throw new Refusal(StatusCodes.Status409Conflict, "FIREWALL_IN_PROCESS", "The firewall cannot be updated because an update is currently being processed");
            }

            if ((string?)form["status"] is not ("active" or "disabled"))
            {
                throw Invalid("status");
            }

            server.Body["_firewall"] = (string?)form["status"] == "active" ? Rules(form) : null;
            server.Body["_firewall_until"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + options.StateMs;
            return Firewall(server);
        });
    }

    private Task<JsonNode?> ReadAsync(Call call, Func<Resource, JsonNode?> show) =>
        store.ReadAsync(async session => show(await session.ServerAsync(call.Route("number"))));

    private Task<JsonNode?> ChangeAsync(Call call, Func<Resource, JsonNode?> change) =>
        store.ChangeAsync(RobotKinds.Scope, async session =>
        {
            var server = await session.ServerAsync(call.Route("number"));
            var answer = change(server);
            await session.PutAsync(server);
            return answer;
        });
}
