using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Cloudflare;

/// <summary>The DNS records of a zone.</summary>
internal sealed class DnsEndpoints(ResourceStore store, CloudflareVendor vendor)
{
    public const string Kind = "cloudflare.record";
    private const string Prefix = "/cloudflare/client/v4/zones/{zone}/dns_records";
    private const int LongestComment = 100;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "ListDnsRecords", "GET", Prefix, ListAsync);
        routes.MapOperation(vendor, "CreateDnsRecord", "POST", Prefix, CreateAsync);
        routes.MapOperation(vendor, "UpdateDnsRecord", "PATCH", $"{Prefix}/{{record}}", UpdateAsync);
        routes.MapOperation(vendor, "DeleteDnsRecord", "DELETE", $"{Prefix}/{{record}}", DeleteAsync);
        routes.MapOperation(vendor, "BatchDnsRecords", "POST", $"{Prefix}/batch", BatchAsync);
    }

    private static string Scope(Call call) => $"cloudflare {call.Route("zone")}";

    private static Refusal Invalid(string code, string message) => new(StatusCodes.Status400BadRequest, code, message);

    private static JsonObject Envelope(JsonNode? result) => new()
    {
        ["success"] = true,
        ["errors"] = new JsonArray(),
        ["messages"] = new JsonArray(),
        ["result"] = result,
    };

    private static async Task<Resource> FindAsync(ResourceSession session, string zone, string id) =>
        await session.FindAsync(Kind, id) is { } record && record.Parent == zone
            ? record
            : throw new Refusal(StatusCodes.Status404NotFound, "81044", "Record does not exist.");

    private static async Task<Resource> AddAsync(ResourceSession session, string zone, JsonObject body)
    {
        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var record = new Resource(Kind, id, zone, NameOf(body), new JsonObject
        {
            ["id"] = id,
            ["type"] = (string?)body["type"],
            ["name"] = NameOf(body),
            ["content"] = (string?)body["content"],
            ["proxiable"] = (string?)body["type"] is "A" or "AAAA" or "CNAME",
            ["proxied"] = (bool?)body["proxied"] ?? false,
            ["ttl"] = (int?)body["ttl"] ?? 1,
            ["comment"] = (string?)body["comment"],
            ["tags"] = new JsonArray(),
            ["created_on"] = DateTime.UtcNow,
            ["modified_on"] = DateTime.UtcNow,
        });
        await CheckAsync(session, record);
        await session.PutAsync(record);
        return record;
    }

    private static async Task<Resource> ChangeAsync(ResourceSession session, string zone, string id, JsonObject body)
    {
        var record = await FindAsync(session, zone, id);
        foreach (var field in (string[])["type", "content", "proxied", "ttl", "comment"])
        {
            if (body.TryGetPropertyValue(field, out var value))
            {
                record.Body[field] = value?.DeepClone();
            }
        }

        if (body.ContainsKey("name"))
        {
            record.Body["name"] = NameOf(body);
        }

        record.Body["modified_on"] = DateTime.UtcNow;
        var changed = record with { Name = record.Text("name")! };
        await CheckAsync(session, changed);
        await session.PutAsync(changed);
        return changed;
    }

    private static string NameOf(JsonObject body) => ((string?)body["name"] ?? "").ToLowerInvariant();

    private static async Task CheckAsync(ResourceSession session, Resource record)
    {
        var type = record.Text("type");
        var content = record.Text("content");
        if (type is not { Length: > 0 } || record.Name.Length == 0 || content is not { Length: > 0 })
        {
            throw Invalid("1004", "DNS Validation Error");
        }

        if (type == "A" && !(IPAddress.TryParse(content, out var four) && four.AddressFamily == AddressFamily.InterNetwork))
        {
            throw Invalid("9005", "Content for A record must be a valid IPv4 address.");
        }

        if (type == "AAAA" && !(IPAddress.TryParse(content, out var six) && six.AddressFamily == AddressFamily.InterNetworkV6))
        {
            throw Invalid("9006", "Content for AAAA record must be a valid IPv6 address.");
        }

        if ((int)record.Body["ttl"]! is not (1 or (>= 60 and <= 86400)))
        {
            throw Invalid("9021", "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.");
        }

        if (record.Text("comment")?.Length > LongestComment)
        {
            throw Invalid("9208", $"comment exceeds the maximum length of {LongestComment} characters");
        }

        var others = (await session.ListAsync(Kind, record.Parent)).Where(other => other.Name == record.Name && other.Id != record.Id);
        foreach (var other in others)
        {
            if (other.Text("type") == type && other.Text("content") == content)
            {
                throw Invalid("81058", "An identical record already exists.");
            }

            // Two A records of different contents are fine, and answered in turn.
            if (type == "CNAME" || other.Text("type") == "CNAME")
            {
                throw Invalid("81053", "An A, AAAA, or CNAME record with that host already exists.");
            }
        }
    }

    private Task<JsonNode?> ListAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
    {
        var size = int.TryParse(call.Query("per_page"), out var asked) ? asked : 100;
        var page = int.TryParse(call.Query("page"), out var number) ? number : 1;
        var matching = (await session.ListAsync(Kind, call.Route("zone")))
            .Where(record => call.Query("name") is not { } name || record.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Where(record => call.Query("type") is not { } type || record.Text("type") == type)
            .Where(record => call.Query("content") is not { } content || record.Text("content") == content)
            .ToList();
        var shown = matching.Skip((page - 1) * size).Take(size).Select(record => (JsonNode)record.Shown()).ToArray();
        var answer = Envelope(new JsonArray(shown));
        answer["result_info"] = new JsonObject
        {
            ["count"] = shown.Length,
            ["page"] = page,
            ["per_page"] = size,
            ["total_count"] = matching.Count,
        };
        return answer;
    });

    private async Task<JsonNode?> CreateAsync(Call call)
    {
        var body = await call.JsonAsync();
        return await store.ChangeAsync<JsonNode?>(
            Scope(call), async session => Envelope((await AddAsync(session, call.Route("zone"), body)).Shown()));
    }

    private async Task<JsonNode?> UpdateAsync(Call call)
    {
        var body = await call.JsonAsync();
        return await store.ChangeAsync<JsonNode?>(
            Scope(call),
            async session => Envelope((await ChangeAsync(session, call.Route("zone"), call.Route("record"), body)).Shown()));
    }

    private Task<JsonNode?> DeleteAsync(Call call) => store.ChangeAsync<JsonNode?>(Scope(call), async session =>
    {
        var record = await FindAsync(session, call.Route("zone"), call.Route("record"));
        await session.RemoveAsync(record);
        return new JsonObject { ["result"] = new JsonObject { ["id"] = record.Id } };
    });

    private async Task<JsonNode?> BatchAsync(Call call)
    {
        var body = await call.JsonAsync();
        var zone = call.Route("zone");
        return await store.ChangeAsync<JsonNode?>(Scope(call), async session =>
        {
            var deletes = new JsonArray();
            foreach (var item in body["deletes"] as JsonArray ?? [])
            {
                var record = await FindAsync(session, zone, (string?)item!["id"] ?? "");
                await session.RemoveAsync(record);
                deletes.Add((JsonNode)record.Shown());
            }

            var patches = new JsonArray();
            foreach (var item in body["patches"] as JsonArray ?? [])
            {
                patches.Add((JsonNode)(await ChangeAsync(session, zone, (string?)item!["id"] ?? "", (JsonObject)item)).Shown());
            }

            var posts = new JsonArray();
            foreach (var item in body["posts"] as JsonArray ?? [])
            {
                posts.Add((JsonNode)(await AddAsync(session, zone, (JsonObject)item!)).Shown());
            }

            return Envelope(new JsonObject { ["deletes"] = deletes, ["patches"] = patches, ["puts"] = new JsonArray(), ["posts"] = posts });
        });
    }
}
