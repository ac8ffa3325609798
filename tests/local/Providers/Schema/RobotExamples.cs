using System.Text.Json;
using System.Text.Json.Nodes;

namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>What Robot answers, by the examples of its documentation: it describes its answers in no other way.</summary>
internal static class RobotExamples
{
    private static readonly (string Method, string Path, string[] Files)[] Calls =
    [
        ("GET", "/order/server/transaction", Orders),
        ("GET", "/order/server/transaction/{id}", Orders),
        ("POST", "/order/server/transaction", ["order_server_transaction_post_201"]),
        ("GET", "/server", ["server_list"]),
        ("GET", "/server/{id}", ["server_get"]),
        ("POST", "/server/{id}", ["server_get"]),
        ("GET", "/server/{id}/cancellation", ["server_reverse"]),
        ("POST", "/server/{id}/cancellation", ["server_reverse"]),
        ("GET", "/key", ["key_list"]),
        ("POST", "/key", ["key_set"]),
        ("GET", "/boot/{id}/linux", ["boot_linux_get_inactive", "boot_linux_set_with_key"]),
        ("POST", "/boot/{id}/linux", ["boot_linux_set", "boot_linux_set_with_key"]),
        ("POST", "/reset/{id}", ["reset_post"]),
        ("GET", "/firewall/{id}", ["firewall_post_in_process"]),
        ("POST", "/firewall/{id}", ["firewall_post_in_process"]),
    ];

    private static string[] Orders => ["order_server_transaction_get_ready", "order_server_transaction_post_201"];

    /// <summary>An example of an answer.</summary>
    public static JsonNode Read(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(VendorDocuments.Find("hetzner-robot-examples"), $"{name}.json")))!;

    /// <summary>The call as the documentation writes it, with the examples of its answer, if there are any.</summary>
    public static (string Call, IReadOnlyList<JsonNode> Answers) Find(string method, string path)
    {
        var call = Calls.FirstOrDefault(call => call.Method == method && Matches(call.Path, path));
        if (call.Path is null)
        {
            return ($"{method} {path}", []);
        }

        // A list's example is a list; where there is none, it is one of what a single answer is.
        var examples = call.Files.Select(Read).ToList();
        return ($"{method} {call.Path}", path == "/order/server/transaction" && method == "GET"
            ? [new JsonArray([.. examples])]
            : examples);
    }

    /// <summary>Examples of refusals of that status; none when there are none.</summary>
    public static IReadOnlyList<JsonNode> FindRefusals(int status) => status switch
    {
        400 => [Read("error_invalid_input_400")],
        403 => [Read("error_rate_limit_403")],
        404 => [Read("server_get_404")],
        _ => [],
    };

    /// <summary>Every way in which an answer differs from all examples in its fields and their types.</summary>
    public static List<string> Compare(JsonNode? answer, IReadOnlyList<JsonNode?> examples, string at = "answer")
    {
        var kinds = examples.Select(KindOf).Distinct().ToList();
        // What an example shows as null may be anything, and any field that is not known yet is null.
        if (answer is null || kinds.Contains(JsonValueKind.Null) || examples.Count == 0)
        {
            return [];
        }

        if (!kinds.Contains(KindOf(answer)))
        {
            return [$"{at} is {KindOf(answer)}, not {string.Join(" or ", kinds)}"];
        }

        if (answer is JsonArray items)
        {
            var elements = examples.OfType<JsonArray>().SelectMany(example => example).ToList();
            return [.. items.SelectMany(item => Compare(item, elements, $"{at}[]"))];
        }

        if (answer is not JsonObject fields)
        {
            return [];
        }

        var objects = examples.OfType<JsonObject>().ToList();
        var known = objects.SelectMany(example => example.Select(field => field.Key)).ToHashSet();
        // A field of every example is expected, unless the documentation gives it up; one of some may be missing.
        var expected = known.Where(name =>
            !name.StartsWith("@deprecated", StringComparison.Ordinal)
            && objects.TrueForAll(example => example.ContainsKey(name)));
        return
        [
            .. expected.Where(name => !fields.ContainsKey(name)).Select(name => $"{at} has no {name}"),
            .. fields.Where(field => !known.Contains(field.Key)).Select(field => $"{at}.{field.Key} is in no example"),
            .. fields.Where(field => known.Contains(field.Key)).SelectMany(field => Compare(
                field.Value,
                [.. objects.Where(example => example.ContainsKey(field.Key)).Select(example => example[field.Key])],
                $"{at}.{field.Key}")),
        ];
    }

    private static bool Matches(string template, string path)
    {
        var (parts, segments) = (template.Split('/'), path.Split('/'));
        return parts.Length == segments.Length
            && parts.Zip(segments).All(pair => pair.First == "{id}" || pair.First == pair.Second);
    }

    private static JsonValueKind KindOf(JsonNode? node) => node?.GetValueKind() switch
    {
        null => JsonValueKind.Null,
        JsonValueKind.False => JsonValueKind.True,
        { } kind => kind,
    };
}
