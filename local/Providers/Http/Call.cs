using System.Text.Json;
using System.Text.Json.Nodes;

namespace WebHost.Local.Providers.Http;

/// <summary>What a caller sent.</summary>
internal sealed class Call(HttpContext http)
{
    public CancellationToken Aborted => http.RequestAborted;

    public string Route(string name) => (string)http.Request.RouteValues[name]!;

    public string? Query(string name) => http.Request.Query.TryGetValue(name, out var values) ? (string?)values : null;

    public string? Header(string name) => http.Request.Headers.TryGetValue(name, out var values) ? (string?)values : null;

    /// <exception cref="Refusal">The body is not a JSON object.</exception>
    public async Task<JsonObject> JsonAsync()
    {
        http.Request.Body.Position = 0;
        try
        {
            if (await JsonNode.ParseAsync(http.Request.Body, cancellationToken: Aborted) is JsonObject body)
            {
                return body;
            }
        }
        catch (JsonException)
        {
            // Refused below, like any other body that is no object.
        }

        throw new Refusal(StatusCodes.Status400BadRequest, "invalid_argument", "the body is not a JSON object");
    }

    /// <exception cref="Refusal">The body is not a form.</exception>
    public Task<IFormCollection> FormAsync() => http.Request.HasFormContentType
        ? http.Request.ReadFormAsync(Aborted)
        : throw new Refusal(StatusCodes.Status400BadRequest, "INVALID_INPUT", "invalid input");
}
