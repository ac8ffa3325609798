using System.Text.Json;
using System.Text.Json.Nodes;

namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>A vendor's OpenAPI document, as far as it says what a call and its answer look like.</summary>
internal sealed class OpenApiDocument(string path)
{
    private static readonly string[] Combinations = ["allOf", "oneOf", "anyOf"];

    private readonly JsonObject _root = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;

    /// <summary>The operation of a path and method; null when the document has none.</summary>
    public JsonObject? FindOperation(string method, string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return ((JsonObject)_root["paths"]!)
            .Where(entry => entry.Value![method.ToLowerInvariant()] is not null && Matches(entry.Key, segments))
            // A fixed segment beats a variable one.
            .OrderBy(entry => entry.Key.Count(character => character == '{'))
            .Select(entry => (JsonObject)entry.Value![method.ToLowerInvariant()]!)
            .FirstOrDefault();
    }

    /// <summary>Every way in which a request contradicts the document.</summary>
    public List<string> CheckRequest(JsonObject operation, IReadOnlyCollection<string> query, string? body)
    {
        var faults = new List<string>();
        var parameters = ((operation["parameters"] as JsonArray) ?? []).Select(Resolve).ToList();
        var known = parameters.Where(parameter => (string?)parameter["in"] == "query").Select(parameter => (string)parameter["name"]!).ToHashSet();
        faults.AddRange(query.Where(name => !known.Contains(name)).Select(name => $"unknown query parameter {name}"));
        faults.AddRange(parameters
            .Where(parameter => (string?)parameter["in"] == "query" && (bool?)parameter["required"] == true)
            .Select(parameter => (string)parameter["name"]!)
            .Where(name => !query.Contains(name))
            .Select(name => $"missing query parameter {name}"));

        var schema = operation["requestBody"]?["content"]?["application/json"]?["schema"];
        if (body is { Length: > 0 })
        {
            if (schema is null)
            {
                faults.Add("a body where none is described");
            }
            else
            {
                Check(JsonNode.Parse(body), schema, "request", request: true, closed: true, faults);
            }
        }

        return faults;
    }

    /// <summary>Every way in which a response contradicts the document.</summary>
    public List<string> CheckResponse(JsonObject operation, int status, string body)
    {
        var faults = new List<string>();
        if (operation["responses"]?[$"{status}"] is not { } response)
        {
            return [$"status {status} is not described"];
        }

        var schema = Resolve(response)["content"]?["application/json"]?["schema"];
        if (schema is not null)
        {
            Check(body.Length == 0 ? null : JsonNode.Parse(body), schema, "response", request: false, closed: false, faults);
        }

        return faults;
    }

    private static bool Matches(string template, string[] segments)
    {
        var parts = template.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == segments.Length
            && parts.Zip(segments).All(pair => pair.First.StartsWith('{') || pair.First == pair.Second);
    }

    private static bool IsType(JsonNode value, string type) => (type, value.GetValueKind()) switch
    {
        ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) or ("string", JsonValueKind.String) => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        ("number", JsonValueKind.Number) => true,
        ("integer", JsonValueKind.Number) => value.ToJsonString().IndexOf('.', StringComparison.Ordinal) < 0,
        _ => false,
    };

    private JsonObject Resolve(JsonNode? node)
    {
        var schema = (JsonObject)node!;
        return (string?)schema["$ref"] is { } reference
            ? Resolve(reference[2..].Split('/').Aggregate((JsonNode)_root, (at, key) => at[key]!))
            : schema;
    }

    private bool IsReadOnly(JsonNode node, string name)
    {
        var schema = Resolve(node);
        return (schema["properties"]?[name] is { } property && (bool?)Resolve(property)["readOnly"] == true)
            || Combinations.SelectMany(combination => (schema[combination] as JsonArray) ?? []).Any(part => IsReadOnly(part!, name));
    }

    private HashSet<string> PropertiesOf(JsonNode node)
    {
        var schema = Resolve(node);
        var names = ((schema["properties"] as JsonObject) ?? []).Select(property => property.Key).ToHashSet();
        foreach (var part in Combinations.SelectMany(combination => (schema[combination] as JsonArray) ?? []))
        {
            names.UnionWith(PropertiesOf(part!));
        }

        return names;
    }

    /// <param name="closed">Whether a property that the document does not name is a fault: in what we send it is.</param>
    private void Check(JsonNode? value, JsonNode schemaNode, string at, bool request, bool closed, List<string> faults)
    {
        var schema = Resolve(schemaNode);
        if (value is null)
        {
            if ((bool?)schema["nullable"] != true && schema["type"] is not null)
            {
                faults.Add($"{at} is null");
            }

            return;
        }

        if ((string?)schema["type"] is { } type && !IsType(value, type))
        {
            faults.Add($"{at} is {value.GetValueKind()}, not {type}");
            return;
        }

        if (schema["enum"] is JsonArray allowed && !allowed.Any(option => JsonNode.DeepEquals(option, value)))
        {
            faults.Add($"{at} is {value.ToJsonString()}, not one of {allowed.ToJsonString()}");
        }

        foreach (var part in (schema["allOf"] as JsonArray) ?? [])
        {
            Check(value, part!, at, request, closed: false, faults);
        }

        foreach (var choice in (string[])["oneOf", "anyOf"])
        {
            if (schema[choice] is JsonArray options && options.All(option => FaultsOf(value, option!, at, request).Count > 0))
            {
                faults.Add($"{at} fits none of {choice}: {string.Join(", ", FaultsOf(value, options[0]!, at, request))}");
            }
        }

        if (value is JsonArray items && schema["items"] is { } itemSchema)
        {
            for (var i = 0; i < items.Count; i++)
            {
                Check(items[i], itemSchema, $"{at}[{i}]", request, closed, faults);
            }
        }

        if (value is JsonObject fields)
        {
            CheckFields(fields, schema, at, request, closed, faults);
        }
    }

    private void CheckFields(JsonObject fields, JsonObject schema, string at, bool request, bool closed, List<string> faults)
    {
        foreach (var required in (schema["required"] as JsonArray) ?? [])
        {
            // What only the vendor sets is required of its answers alone.
            if (!fields.ContainsKey((string)required!) && !(request && IsReadOnly(schema, (string)required!)))
            {
                faults.Add($"{at} has no {required}");
            }
        }

        var properties = (schema["properties"] as JsonObject) ?? [];
        var additional = schema["additionalProperties"] as JsonObject;
        var known = closed ? PropertiesOf(schema) : [];
        foreach (var (name, field) in fields)
        {
            if (properties[name] is { } property)
            {
                // Absent and null are one to the vendors' own clients, in answers.
                if (field is not null || closed)
                {
                    Check(field, property, $"{at}.{name}", request, closed, faults);
                }
            }
            else if (additional is not null)
            {
                Check(field, additional, $"{at}.{name}", request, closed, faults);
            }
            else if (closed && known.Count > 0 && !known.Contains(name))
            {
                faults.Add($"{at}.{name} is not described");
            }
        }
    }

    private List<string> FaultsOf(JsonNode value, JsonNode schema, string at, bool request)
    {
        var faults = new List<string>();
        Check(value, schema, at, request, closed: false, faults);
        return faults;
    }
}
