using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>The GraphQL operations that make Redis add-ons and lend Consul clusters.</summary>
internal sealed class AddOnEndpoints(ResourceStore store, FlyGraphQlVendor vendor)
{
    private const string Type = "upstash_redis";

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapOperation(vendor, "GraphQl", "POST", "/fly-graphql", RunAsync);

    private static string OrganizationId(string slug) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"Organization:{slug}"));

    private static Refusal Invalid(string message) => new(StatusCodes.Status422UnprocessableEntity, "unknown", message);

    private async Task<JsonNode?> RunAsync(Call call)
    {
        var body = await call.JsonAsync();
        var variables = body["variables"] as JsonObject ?? [];
        var (field, answer) = (string?)body["operationName"] switch
        {
            "GetOrganization" => ("organization", GetOrganization(variables)),
            "GetAddOn" => ("addOn", await GetAsync((string?)variables["name"] ?? "")),
            "CreateAddOn" => ("createAddOn", await CreateAsync(variables["input"] as JsonObject ?? [])),
            "DeleteAddOn" => ("deleteAddOn", await DeleteAsync(variables["input"] as JsonObject ?? [])),
            "EnablePostgresConsul" => ("enablePostgresConsul", await EnableConsulAsync((string?)variables["app"] ?? "")),
            var other => throw Invalid($"No operation named \"{other}\""),
        };
        return new JsonObject
        {
            ["data"] = GraphQlSelection.Of((string?)body["query"] ?? "", new JsonObject { [field] = answer }),
        };
    }

    private static JsonObject GetOrganization(JsonObject variables)
    {
        var slug = (string?)variables["slug"] ?? throw Invalid("Variable $slug of type String! was provided invalid value");
        return new JsonObject { ["id"] = OrganizationId(slug), ["slug"] = slug };
    }

    // Asked again, Fly lends another one: whoever starts a second machine with it starts a second cluster.
    private Task<JsonObject> EnableConsulAsync(string app) => store.ReadAsync(async session =>
    {
        await session.AppAsync(app);
        var token = RandomNumberGenerator.GetHexString(32, lowercase: true);
        return new JsonObject { ["consulUrl"] = $"https://:{token}@consul-fra.fly-shared.net/{app}-{token[..16]}/" };
    });

    private Task<JsonObject?> GetAsync(string name) => store.ReadAsync(async session =>
        await session.FindAsync(FlyKinds.AddOn, name) is { } addOn
            ? addOn.Shown()
            : throw new Refusal(StatusCodes.Status404NotFound, "unknown", "Could not find AddOn"))!;

    private async Task<JsonObject> CreateAsync(JsonObject input)
    {
        if ((string?)input["type"] != Type || (string?)input["name"] is not { Length: > 0 } name
            || (string?)input["organizationId"] is not { Length: > 0 } organization
            || (string?)input["primaryRegion"] is not { Length: > 0 } region)
        {
            throw Invalid("type, name, organizationId and primaryRegion are required");
        }

        return await store.ChangeAsync($"addon {name}", async session =>
        {
            if (await session.FindAsync(FlyKinds.AddOn, name) is not null)
            {
                throw Invalid("Name has already been taken");
            }

            var slug = Encoding.UTF8.GetString(Convert.FromBase64String(organization)).Split(':')[^1];
            var password = RandomNumberGenerator.GetHexString(32, lowercase: true);
            var addOn = new Resource(FlyKinds.AddOn, name, slug, name, new JsonObject
            {
                ["id"] = RandomNumberGenerator.GetHexString(20, lowercase: true),
                ["name"] = name,
                ["primaryRegion"] = region,
                ["readRegions"] = input["readRegions"]?.DeepClone(),
                ["status"] = "ready",
                ["errorMessage"] = null,
                ["password"] = password,
                ["privateIp"] = $"fdaa:0:{await session.NextNumberAsync():x}:0:1::3",
                ["publicUrl"] = $"redis://default:{password}@fly-{name}.upstash.io:6379",
                ["organization"] = new JsonObject { ["id"] = organization, ["slug"] = slug },
            });
            await session.PutAsync(addOn);
            return new JsonObject { ["addOn"] = addOn.Shown() };
        });
    }

    private Task<JsonObject> DeleteAsync(JsonObject input)
    {
        var name = (string?)input["name"] ?? "";
        return store.ChangeAsync($"addon {name}", async session =>
        {
            var addOn = await session.FindAsync(FlyKinds.AddOn, name)
                ?? throw new Refusal(StatusCodes.Status404NotFound, "unknown", "Could not find AddOn");
            await session.RemoveAsync(addOn);
            return new JsonObject { ["deletedAddOnName"] = name };
        });
    }
}
