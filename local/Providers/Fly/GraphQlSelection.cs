using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace WebHost.Local.Providers.Fly;

/// <summary>What a query asks for: GraphQL answers that and nothing else.</summary>
internal static partial class GraphQlSelection
{
    /// <summary>Of an answer, the fields that a query selects.</summary>
    /// <exception cref="Http.Refusal">It selects one that there is not.</exception>
    public static JsonObject Of(string query, JsonObject answer)
    {
        var tokens = new Queue<string>(Token().Matches(Arguments().Replace(query, "")).Select(match => match.Value));
        while (tokens.Count > 0 && tokens.Dequeue() != "{")
        {
            // What stands before the first brace names the operation.
        }

        return Select(tokens, answer);
    }

    [GeneratedRegex(@"\([^()]*\)")]
    private static partial Regex Arguments();

    [GeneratedRegex(@"[{}]|\w+")]
    private static partial Regex Token();

    private static JsonObject Select(Queue<string> tokens, JsonObject? from)
    {
        var selected = new JsonObject();
        while (tokens.TryDequeue(out var name) && name != "}")
        {
            if (from is not null && !from.ContainsKey(name))
            {
                throw new Http.Refusal(StatusCodes.Status422UnprocessableEntity, "unknown", $"Field '{name}' doesn't exist");
            }

            var value = from?[name];
            if (tokens.TryPeek(out var next) && next == "{")
            {
                tokens.Dequeue();
                var inner = Select(tokens, value as JsonObject);
                selected[name] = value is null ? null : inner;
            }
            else
            {
                selected[name] = value?.DeepClone();
            }
        }

        return selected;
    }
}
