using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Problems;

/// <summary>One call that the application describes in its OpenAPI document.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Query">Names of its query parameters.</param>
/// <param name="TakesBody">Whether it reads a JSON body.</param>
/// <param name="Schemes">Who may call it, by the names of the credentials; nobody in particular when empty.</param>
internal sealed record ApiCall(
    string Id, HttpMethod Method, string Path, IReadOnlyList<string> Query, bool TakesBody, IReadOnlyList<string> Schemes)
{
    public const string TenantKey = "tenantKey";
    public const string OperatorKey = "operatorKey";

    public bool IsForOperators => Schemes.Contains(OperatorKey);

    public bool IsForTenants => Schemes.Contains(TenantKey);

    /// <summary>The request with a tenant in its path, other ids that nothing has, and an empty body.</summary>
    public HttpRequestMessage ToRequest(Guid tenantId, string query = "", string body = "{}") =>
        new(Method, Fill(tenantId) + query) { Content = TakesBody ? JsonBody(body) : null };

    private string Fill(Guid tenantId) => string.Join('/', Path.TrimStart('/').Split('/').Select(segment => segment switch
    {
        "{tenantId}" => tenantId.ToString(),
        ['{', ..] => Guid.NewGuid().ToString(),
        _ => segment,
    }));

    private static StringContent JsonBody(string body) => new(body, System.Text.Encoding.UTF8, "application/json");
}

/// <summary>Reads the application's own description.</summary>
internal static class ApiDocument
{
    public static async Task<IReadOnlyList<ApiCall>> GetCallsAsync(this LocalApp app)
    {
        var document = (await app.Anybody.GetAsync("api/openapi.json")).Expect(HttpStatusCode.OK).Json;
        return
        [
            .. from path in document.GetProperty("paths").EnumerateObject()
               from operation in path.Value.EnumerateObject()
               select new ApiCall(
                   operation.Value.Text("operationId"),
                   HttpMethod.Parse(operation.Name),
                   path.Name,
                   [.. Parameters(operation.Value, "query")],
                   operation.Value.TryGetProperty("requestBody", out _),
                   [.. operation.Value.GetProperty("security").EnumerateArray().SelectMany(schemes => schemes.EnumerateObject()).Select(scheme => scheme.Name)])
        ];
    }

    private static IEnumerable<string> Parameters(JsonElement operation, string place) =>
        operation.GetProperty("parameters").EnumerateArray()
            .Where(parameter => parameter.Text("in") == place)
            .Select(parameter => parameter.Text("name"));
}
