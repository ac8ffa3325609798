using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Callers;

/// <summary>Signing customers up and watching them being provisioned.</summary>
internal static class SignupCalls
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static HttpRequestMessage Webhook(this LocalApp app, SignupData data, string? webhookId = null) =>
        Signatures.StandardWebhook(
            app.SignupSecret, webhookId ?? $"msg_{Guid.NewGuid():n}", DateTimeOffset.UtcNow, data.ToPayload());

    public static SignedUp Receipt(this Answer answer)
    {
        var accepted = answer.Expect(HttpStatusCode.Accepted).Json;
        var receipt = new SignedUp(accepted.GetProperty("tenantId").GetGuid(), accepted.GetProperty("operationId").GetGuid());
        Assert.Equal($"/api/operations/{receipt.OperationId}", accepted.Text("statusUrl"));
        return receipt;
    }

    public static async Task<SignedUp> SignUpAsync(this LocalApp app, SignupData data) =>
        (await app.Anybody.SendAsync(app.Webhook(data))).Receipt();

    /// <summary>Signs up and waits until the tenant is active.</summary>
    public static async Task<SignedUp> SignUpToTheEndAsync(this LocalApp app, SignupData data)
    {
        var signedUp = await app.SignUpAsync(data);
        var operation = await app.WaitForEndAsync(signedUp.OperationId);
        Assert.True(operation.Text("state") == "succeeded", operation.ToString());
        return signedUp;
    }

    /// <summary>Waits until the operation has ended, well or not.</summary>
    public static async Task<JsonElement> WaitForEndAsync(this LocalApp app, Guid operationId)
    {
        var last = await Eventually.GetAsync(
            async () => await app.Operator.TryGetAsync($"api/operations/{operationId}") is { } answer
                && answer.Expect(HttpStatusCode.OK).Json.Text("state") is "succeeded" or "failed"
                    ? answer
                    : null,
            Patience);
        return last.Json;
    }

    public static async Task<JsonElement> GetTenantAsync(this LocalApp app, Guid tenantId) =>
        (await app.Operator.GetAsync($"api/tenants/{tenantId}")).Expect(HttpStatusCode.OK).Json;

    public static async Task<string> CreateKeyAsync(this LocalApp app, Guid tenantId) =>
        (await app.Operator.PostAsync($"api/tenants/{tenantId}/keys", null)).Expect(HttpStatusCode.Created).Json.Text("key");
}
