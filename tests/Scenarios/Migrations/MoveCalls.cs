using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Migrations;

/// <summary>Moving tenants and watching them move.</summary>
internal static class MoveCalls
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task<Guid> StartMoveAsync(this LocalApp app, Guid tenantId, object request) =>
        (await app.Operator.PostAsync($"api/tenants/{tenantId}/migrations", request))
            .Expect(HttpStatusCode.Accepted).Json.GetProperty("operationId").GetGuid();

    public static async Task SteerAsync(this LocalApp app, Guid operationId, string verb) =>
        (await app.Operator.PostAsync($"api/operations/{operationId}/{verb}", null)).Expect(HttpStatusCode.Accepted);

    /// <summary>Waits until the tenant has moved and the old home is kept, and nothing else happens.</summary>
    public static Task<JsonElement> WaitUntilKeptAsync(this LocalApp app, Guid operationId) =>
        app.WaitForOperationAsync(operationId, IsKept);

    /// <summary>Waits until the move is over, or kept, or stalled.</summary>
    public static Task<JsonElement> WaitUntilQuietAsync(this LocalApp app, Guid operationId) =>
        app.WaitForOperationAsync(
            operationId, operation => IsKept(operation) || IsOver(operation) || operation.TryGetProperty("error", out _));

    /// <summary>Waits until the move is over.</summary>
    public static Task<JsonElement> WaitUntilOverAsync(this LocalApp app, Guid operationId) =>
        app.WaitForOperationAsync(operationId, IsOver);

    public static bool IsOver(JsonElement operation) =>
        operation.Text("state") is "succeeded" or "failed" or "cancelled" or "rolled-back";

    public static bool IsKept(JsonElement operation) =>
        operation.Text("state") == "waiting"
        && operation.GetProperty("steps").EnumerateArray().Last().GetProperty("parts")[0].Text("state") == "waiting";

    public static async Task<JsonElement> WaitForOperationAsync(
        this LocalApp app, Guid operationId, Func<JsonElement, bool> condition)
    {
        string last = "";
        try
        {
            return (await Eventually.GetAsync(
                async () =>
                {
                    if (await app.Operator.TryGetAsync($"api/operations/{operationId}") is not { Status: HttpStatusCode.OK } answer)
                    {
                        return null;
                    }

                    last = answer.Json.ToString();
                    return condition(answer.Json) ? answer : null;
                },
                Patience)).Json;
        }
        catch (Exception)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"The operation when patience ended: {last}");
            throw;
        }
    }
}
