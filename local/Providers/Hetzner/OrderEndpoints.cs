using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Hetzner;

/// <summary>Products, orders and SSH keys.</summary>
internal sealed class OrderEndpoints(ResourceStore store, RobotVendor vendor, SimulatorsOptions options)
{
    private static readonly string[] Locations = ["FSN1", "NBG1", "HEL1"];
    private static readonly string[] Distributions = ["Rescue system", "Debian 12 base", "Ubuntu 24.04 LTS base"];
    private static readonly Dictionary<string, (decimal Monthly, decimal Setup)> Products = new()
    {
        ["AX42"] = (46.00m, 39.00m),
        ["AX52"] = (59.00m, 39.00m),
        ["AX102"] = (104.00m, 39.00m),
    };

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "GetProduct", "GET", "/hetzner/order/server/product/{product}", GetProductAsync);
        routes.MapOperation(vendor, "ListOrders", "GET", "/hetzner/order/server/transaction", ListAsync);
        routes.MapOperation(vendor, "GetOrder", "GET", "/hetzner/order/server/transaction/{order}", GetAsync);
        routes.MapOperation(
            vendor, "CreateOrder", "POST", "/hetzner/order/server/transaction", CreateAsync, StatusCodes.Status201Created);
        routes.MapOperation(vendor, "ListKeys", "GET", "/hetzner/key", ListKeysAsync);
        routes.MapOperation(vendor, "CreateKey", "POST", "/hetzner/key", CreateKeyAsync, StatusCodes.Status201Created);
    }

    private static Refusal Invalid(string field) => new(StatusCodes.Status400BadRequest, "INVALID_INPUT", "invalid input")
    {
        Fields = new JsonObject { ["missing"] = null, ["invalid"] = new JsonArray(field) },
    };

    private static Refusal Missing(params string[] fields) => new(StatusCodes.Status400BadRequest, "INVALID_INPUT", "invalid input")
    {
        Fields = new JsonObject { ["missing"] = new JsonArray([.. fields.Select(field => (JsonNode)field)]), ["invalid"] = null },
    };

    private static JsonArray Prices(decimal monthly, decimal setup) => new([.. Locations.Select(location => (JsonNode)new JsonObject
    {
        ["location"] = location,
        ["price"] = Price(monthly),
        ["price_setup"] = Price(setup),
    })]);

    private static JsonObject Price(decimal net) => new()
    {
        ["net"] = net.ToString("0.0000", CultureInfo.InvariantCulture),
        ["gross"] = (net * 1.19m).ToString("0.0000", CultureInfo.InvariantCulture),
    };

    private static Task<JsonNode?> GetProductAsync(Call call)
    {
        var id = call.Route("product");
        if (!Products.TryGetValue(id, out var price))
        {
            throw new Refusal(StatusCodes.Status404NotFound, "NOT_FOUND", "Product not found");
        }

        return Task.FromResult<JsonNode?>(RobotKinds.Wrap("product", new JsonObject
        {
            ["id"] = id,
            ["name"] = $"Dedicated Server {id}",
            ["description"] = new JsonArray("AMD Ryzen 7 7700", "64 GB DDR5 RAM", "2 x 1 TB NVMe SSD"),
            ["traffic"] = "unlimited",
            ["dist"] = new JsonArray([.. Distributions.Select(name => (JsonNode)name)]),
            ["lang"] = new JsonArray("en"),
            ["location"] = new JsonArray([.. Locations.Select(name => (JsonNode)name)]),
            ["prices"] = Prices(price.Monthly, price.Setup),
            ["orderable_addons"] = new JsonArray(new JsonObject
            {
                ["id"] = "primary_ipv4",
                ["name"] = "Primary IPv4",
                ["min"] = 0,
                ["max"] = 1,
                ["prices"] = Prices(1.70m, 0m),
            }),
        }));
    }

    // An order is ready once its time has come, whether this process lived through it or not.
    private static async Task<Resource> SettleAsync(ResourceSession session, Resource order)
    {
        if (order.Text("status") != "in process" || DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() < (long)order.Body["_ready_at"]!)
        {
            return order;
        }

        var product = order.Body["product"]!;
        var server = await session.AddServerAsync(
            (string)product["id"]!,
            (string)product["location"]!,
            (order.Body["addons"] as JsonArray)!.Any(addon => (string?)addon == "primary_ipv4"));
        order.Body["status"] = "ready";
        order.Body["server_number"] = server.Body["server_number"]!.DeepClone();
        order.Body["server_ip"] = server.Body["server_ip"]?.DeepClone();
        order.Body["host_key"] = new JsonArray(RobotKinds.Wrap("key", new JsonObject
        {
            ["fingerprint"] = Fingerprint(RandomNumberGenerator.GetBytes(32)),
            ["type"] = "ED25519",
            ["size"] = 256,
        }));
        await session.PutAsync(order);
        return order;
    }

    private static string Fingerprint(byte[] key) =>
        // Robot names keys by MD5, which is an identifier here and protects nothing.
#pragma warning disable CA5351
        string.Join(':', MD5.HashData(key).Select(value => value.ToString("x2", CultureInfo.InvariantCulture)));
#pragma warning restore CA5351

    private Task<JsonNode?> ListAsync(Call call) => store.ChangeAsync<JsonNode?>(RobotKinds.Scope, async session =>
    {
        var orders = await session.ListAsync(RobotKinds.Order);
        if (orders.Count == 0)
        {
            throw new Refusal(StatusCodes.Status404NotFound, "NOT_FOUND", "No transactions found");
        }

        var shown = new JsonArray();
        foreach (var order in orders)
        {
            shown.Add((JsonNode)RobotKinds.Wrap("transaction", (await SettleAsync(session, order)).Shown()));
        }

        return shown;
    });

    private Task<JsonNode?> GetAsync(Call call) => store.ChangeAsync<JsonNode?>(RobotKinds.Scope, async session =>
    {
        var order = await session.FindAsync(RobotKinds.Order, call.Route("order"))
            ?? throw new Refusal(StatusCodes.Status404NotFound, "NOT_FOUND", "Transaction not found");
        return RobotKinds.Wrap("transaction", (await SettleAsync(session, order)).Shown());
    });

    private async Task<JsonNode?> CreateAsync(Call call)
    {
        var form = await call.FormAsync();
        var product = (string?)form["product_id"] ?? throw Missing("product_id");
        if (!Products.ContainsKey(product))
        {
            throw Invalid("product_id");
        }

        var location = (string?)form["location"] ?? Locations[0];
        if (!Locations.Contains(location))
        {
            throw Invalid("location");
        }

        var distribution = (string?)form["dist"];
        if (distribution is not null && !Distributions.Contains(distribution))
        {
            throw Invalid("dist");
        }

        if (form.ContainsKey("password") && form.ContainsKey("authorized_key[]"))
        {
            throw Invalid("password");
        }

        return await store.ChangeAsync<JsonNode?>(RobotKinds.Scope, async session =>
        {
            var keys = new JsonArray();
            foreach (var fingerprint in form["authorized_key[]"])
            {
                var key = await session.FindAsync(RobotKinds.Key, fingerprint!) ?? throw Invalid("authorized_key");
                var shown = key.Shown();
                shown.Remove("data");
                keys.Add((JsonNode)RobotKinds.Wrap("key", shown));
            }

            var now = DateTimeOffset.UtcNow;
            var number = await session.NextNumberAsync();
            var id = string.Create(CultureInfo.InvariantCulture, $"B{now:yyyyMMdd}-{344000 + number}-{RandomNumberGenerator.GetInt32(100000, 999999)}");
            var test = form["test"] == "true";
            var order = new Resource(RobotKinds.Order, id, "", product, new JsonObject
            {
                ["id"] = id,
                ["date"] = now.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture),
                ["status"] = test ? "cancelled" : "in process",
                ["server_number"] = null,
                ["server_ip"] = null,
                ["authorized_key"] = keys,
                ["host_key"] = new JsonArray(),
                ["comment"] = (string?)form["comment"],
                ["product"] = new JsonObject
                {
                    ["id"] = product,
                    ["name"] = $"Dedicated Server {product}",
                    ["description"] = new JsonArray(),
                    ["traffic"] = "unlimited",
                    ["dist"] = distribution ?? Distributions[0],
                    ["lang"] = (string?)form["lang"] ?? "en",
                    ["location"] = location,
                },
                ["addons"] = new JsonArray([.. form["addon[]"].Select(addon => (JsonNode)addon!)]),
                // A comment goes to people, who take days.
                ["_ready_at"] = now.ToUnixTimeMilliseconds() + (form.ContainsKey("comment") ? 86_400_000 : options.OrderMs),
            });
            await session.PutAsync(order);
            return RobotKinds.Wrap("transaction", order.Shown());
        });
    }

    private Task<JsonNode?> ListKeysAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var keys = await session.ListAsync(RobotKinds.Key);
        return keys.Count == 0
            ? throw new Refusal(StatusCodes.Status404NotFound, "NOT_FOUND", "No keys found")
            : new JsonArray([.. keys.Select(key => (JsonNode)RobotKinds.Wrap("key", key.Shown()))]);
    });

    private async Task<JsonNode?> CreateKeyAsync(Call call)
    {
        var form = await call.FormAsync();
        if ((string?)form["name"] is not { Length: > 0 } name || (string?)form["data"] is not { Length: > 0 } data)
        {
            throw Missing("name", "data");
        }

        var parts = data.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var blob = new byte[data.Length];
        if (parts.Length < 2 || !Convert.TryFromBase64String(parts[1], blob, out var length))
        {
            throw Invalid("data");
        }

        var fingerprint = Fingerprint(blob[..length]);
        return await store.ChangeAsync<JsonNode?>(RobotKinds.Scope, async session =>
        {
            if (await session.FindAsync(RobotKinds.Key, fingerprint) is not null)
            {
                throw new Refusal(StatusCodes.Status409Conflict, "KEY_ALREADY_EXISTS", "Key already exists");
            }

            var key = new Resource(RobotKinds.Key, fingerprint, "", name, new JsonObject
            {
                ["name"] = name,
                ["fingerprint"] = fingerprint,
                ["type"] = parts[0].Contains("ed25519", StringComparison.Ordinal) ? "ED25519" : "RSA",
                ["size"] = length * 8,
                ["data"] = $"{parts[0]} {parts[1]}",
            });
            await session.PutAsync(key);
            return RobotKinds.Wrap("key", key.Shown());
        });
    }
}
