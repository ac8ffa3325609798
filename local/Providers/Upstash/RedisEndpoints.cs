using System.Security.Cryptography;
using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Upstash;

/// <summary>The Redis databases of a native Upstash account. Names need not be unique.</summary>
internal sealed class RedisEndpoints(ResourceStore store, UpstashVendor vendor)
{
    private const string Kind = "upstash.database";
    private const string Prefix = "/upstash/v2/redis";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOperation(vendor, "ListDatabases", "GET", $"{Prefix}/databases", ListAsync);
        routes.MapOperation(vendor, "CreateDatabase", "POST", $"{Prefix}/database", CreateAsync);
        routes.MapOperation(vendor, "GetDatabase", "GET", $"{Prefix}/database/{{id}}", GetAsync);
        routes.MapOperation(vendor, "DeleteDatabase", "DELETE", $"{Prefix}/database/{{id}}", DeleteAsync);
    }

    private static async Task<Resource> FindAsync(ResourceSession session, Call call) =>
        await session.FindAsync(Kind, call.Route("id"))
        ?? throw new Refusal(StatusCodes.Status404NotFound, "", "database not found");

    private Task<JsonNode?> ListAsync(Call call) => store.ReadAsync<JsonNode?>(async session =>
        new JsonArray([.. (await session.ListAsync(Kind)).Select(database =>
        {
            var shown = database.Shown();
            shown.Remove("password");
            return (JsonNode)shown;
        })]));

    private Task<JsonNode?> GetAsync(Call call) =>
        store.ReadAsync<JsonNode?>(async session => (await FindAsync(session, call)).Shown());

    private async Task<JsonNode?> CreateAsync(Call call)
    {
        var body = await call.JsonAsync();
        if ((string?)body["database_name"] is not { Length: > 0 } name || (string?)body["platform"] is not ("aws" or "gcp")
            || (string?)body["primary_region"] is not { Length: > 0 } region)
        {
            throw new Refusal(StatusCodes.Status400BadRequest, "", "database_name, platform and primary_region are required");
        }

        return await store.ChangeAsync<JsonNode?>("upstash", async session =>
        {
            var id = Guid.NewGuid().ToString();
            var database = new Resource(Kind, id, "", name, new JsonObject
            {
                ["database_id"] = id,
                ["database_name"] = name,
                ["region"] = "global",
                ["primary_region"] = region,
                ["endpoint"] = $"{name}.upstash.io",
                ["port"] = 6379,
                ["tls"] = (bool?)body["tls"] ?? true,
                ["state"] = "active",
                ["creation_time"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
                ["password"] = RandomNumberGenerator.GetHexString(32, lowercase: true),
            });
            await session.PutAsync(database);
            return database.Shown();
        });
    }

    private Task<JsonNode?> DeleteAsync(Call call) => store.ChangeAsync<JsonNode?>("upstash", async session =>
    {
        await session.RemoveAsync(await FindAsync(session, call));
        return JsonValue.Create("OK");
    });
}
