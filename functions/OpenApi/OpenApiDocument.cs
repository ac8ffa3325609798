using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using WebHost.Json;

namespace WebHost.OpenApi;

/// <summary>The OpenAPI 3.1 document of this API, made from the functions themselves.</summary>
internal static partial class OpenApiDocument
{
    private const string Prefix = "/api/";
    private const string ProblemSchema = "Problem";
    private const string OperatorKey = "operatorKey";
    private const string OperatorToken = "operatorToken";
    private const string TenantKey = "tenantKey";
    private const string DeviceToken = "deviceToken";
    private const string ServerToken = "serverToken";

    private static readonly string[] AnyMethod = ["get"];

    private static readonly JsonSchemaExporterOptions SchemaOptions = new()
    {
        TreatNullObliviousAsNonNullable = true,

        // "Anything" is written {}: the same as true, which common readers of the format trip over.
        TransformSchemaNode = (_, schema) => schema.GetValueKind() == System.Text.Json.JsonValueKind.True ? new JsonObject() : schema,
    };

    /// <summary>Builds the document.</summary>
    public static JsonObject Build()
    {
        var schemas = new JsonObject { [ProblemSchema] = ProblemSchemaNode() };
        var paths = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var (function, trigger, endpoint, choice) in Endpoints().Where(found => !found.Endpoint.Hidden))
        {
            var route = Constraint().Replace(trigger.Route!, "{$1}");
            var path = Prefix + route;
            var operations = paths.TryGetValue(path, out var known) ? known : paths[path] = [];
            var methods = endpoint.Methods is [_, ..] shown ? shown : trigger.Methods ?? AnyMethod;
            foreach (var method in methods)
            {
                var id = methods.Length == 1 ? function : $"{function}By{char.ToUpperInvariant(method[0])}{method[1..]}";
                operations[method] = Operation(id, route, endpoint, choice, schemas);
            }
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "WebHost",
                ["version"] = "1",
                ["description"] = "Signs fleets up, gives each its home and takes their GPS points. Times are ISO 8601 in UTC, positions WGS84 in GeoJSON order (longitude, latitude), speeds metres a second.",
            },
            ["paths"] = new JsonObject(paths.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["components"] = new JsonObject { ["schemas"] = schemas, ["securitySchemes"] = SecuritySchemes() },
        };
    }

    private static IEnumerable<(
        string Function, HttpTriggerAttribute Trigger, EndpointAttribute Endpoint, QueryOneOfAttribute? Choice)> Endpoints() =>
        from type in typeof(OpenApiDocument).Assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static)
        let function = method.GetCustomAttribute<FunctionAttribute>()
        let trigger = method.GetParameters().Select(p => p.GetCustomAttribute<HttpTriggerAttribute>()).FirstOrDefault(t => t is not null)
        where function is not null && trigger is not null
        orderby function.Name
        select (
            function.Name,
            trigger,
            method.GetCustomAttribute<EndpointAttribute>()
                ?? throw new InvalidOperationException($"Function {function.Name} has no [Endpoint] to describe it."),
            method.GetCustomAttribute<QueryOneOfAttribute>());

    private static JsonObject Operation(
        string id, string route, EndpointAttribute endpoint, QueryOneOfAttribute? choice, JsonObject schemas)
    {
        var operation = new JsonObject
        {
            ["operationId"] = id,
            ["summary"] = endpoint.Summary,
            ["tags"] = new JsonArray(endpoint.Tag),
            ["parameters"] = Parameters(route, endpoint, choice),
            ["responses"] = Responses(endpoint, schemas),
            ["security"] = Security(endpoint.Caller),
        };
        if (endpoint.Request is { } request)
        {
            operation["requestBody"] = new JsonObject
            {
                ["required"] = true,
                ["content"] = Content("application/json", Reference(request, schemas)),
            };
        }

        return operation;
    }

    private static JsonArray Parameters(string route, EndpointAttribute endpoint, QueryOneOfAttribute? choice)
    {
        var parameters = PathParameter().Matches(route).Select(match => Parameter(match.Groups[1].Value, "path", required: true))
            .Concat(endpoint.Headers.Select(name => Parameter(name, "header", required: true)))
            .Concat(endpoint.Query.Select(name => Parameter(name, "query", required: false)))
            .ToList();
        if (choice is not null)
        {
            var chosen = Parameter(choice.Name, "query", required: false);
            chosen["schema"]!["enum"] = new JsonArray([.. choice.Words.Select(word => (JsonNode)word)]);
            parameters.Add(chosen);
        }

        return new JsonArray([.. parameters]);
    }

    private static JsonObject Parameter(string name, string place, bool required) => new()
    {
        ["name"] = name,
        ["in"] = place,
        ["required"] = required,
        ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject Responses(EndpointAttribute endpoint, JsonObject schemas)
    {
        var success = new JsonObject { ["description"] = "Done." };
        if (endpoint.Response is { } response)
        {
            success["content"] = Content(endpoint.MediaType, Reference(response, schemas));
        }
        else if (endpoint.MediaType != "application/json")
        {
            success["content"] = Content(endpoint.MediaType, []);
        }

        return new JsonObject
        {
            [endpoint.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)] = success,
            ["default"] = new JsonObject
            {
                ["description"] = "What went wrong and what to do about it (RFC 9457).",
                ["content"] = Content("application/problem+json", ReferenceTo(ProblemSchema)),
            },
        };
    }

    private static JsonObject Content(string mediaType, JsonObject schema) =>
        new() { [mediaType] = new JsonObject { ["schema"] = schema } };

    private static JsonObject Reference(Type type, JsonObject schemas)
    {
        var name = type.IsGenericType
            ? $"{type.GetGenericArguments()[0].Name}{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}"
            : type.Name;
        if (!schemas.ContainsKey(name))
        {
            var schema = JsonText.Options.GetJsonSchemaAsNode(type, SchemaOptions);
            Rebase(schema, $"#/components/schemas/{name}");
            schemas[name] = schema;
        }

        return ReferenceTo(name);
    }

    // The exporter points at repeated parts from the schema's own root, which in the document lies deeper.
    private static void Rebase(JsonNode? node, string root)
    {
        switch (node)
        {
            case JsonObject members:
                if (members["$ref"]?.GetValue<string>() is { } reference)
                {
                    members["$ref"] = root + reference[1..];
                }

                foreach (var (_, member) in members)
                {
                    Rebase(member, root);
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    Rebase(item, root);
                }

                break;
        }
    }

    private static JsonObject ReferenceTo(string schema) => new() { ["$ref"] = $"#/components/schemas/{schema}" };

    private static JsonArray Security(string caller) => caller switch
    {
        "operator" => [Scheme(OperatorKey), Scheme(OperatorToken)],
        "operator or tenant" => [Scheme(OperatorKey), Scheme(OperatorToken), Scheme(TenantKey)],
        "device" => [Scheme(DeviceToken)],
        "server" => [Scheme(ServerToken)],
        _ => [],
    };

    private static JsonObject Scheme(string name) => new() { [name] = new JsonArray() };

    private static JsonObject SecuritySchemes() => new()
    {
        [OperatorKey] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = "x-functions-key" },
        [OperatorToken] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "JWT" },
        [TenantKey] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
        [DeviceToken] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
        [ServerToken] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
    };

    private static JsonObject ProblemSchemaNode() => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject
        {
            ["type"] = new JsonObject { ["type"] = "string" },
            ["title"] = new JsonObject { ["type"] = "string" },
            ["status"] = new JsonObject { ["type"] = "integer" },
            ["detail"] = new JsonObject { ["type"] = "string", ["description"] = "What happened and what to do about it." },
            ["errors"] = new JsonObject
            {
                ["type"] = "object",
                ["description"] = "Every fault of the request, by the path of the member at fault.",
                ["additionalProperties"] = new JsonObject
                {
                    ["type"] = "array",
                    ["items"] = new JsonObject { ["type"] = "string" },
                },
            },
        },
    };

    [GeneratedRegex(@"\{([^}:?]+)[:?][^}]*\}")]
    private static partial Regex Constraint();

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex PathParameter();
}
