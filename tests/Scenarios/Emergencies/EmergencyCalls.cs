using System.Net;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;
using WebHost.Testing;

namespace WebHost.Scenarios.Emergencies;

/// <summary>What is asked of the application when homes are lost, and of the simulated vendors to lose them.</summary>
internal static class EmergencyCalls
{
    /// <summary>Settings under which nobody waits longer than a test.</summary>
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["Failovers__SettleFor"] = "00:00:02",
    };

    /// <summary>Two shared servers, so that the tenants of one have somewhere to go.</summary>
    public static AppOptions TwoServers => new() { Servers = [5, 5], Settings = Settings };

    /// <summary>Names a vehicle, new or not.</summary>
    public static async Task NameVehicleAsync(this LocalApp app, SignedUp tenant, string vehicle, string name) =>
        Assert.Contains(
            (await app.Operator.PutAsync($"api/tenants/{tenant.TenantId}/vehicles/{vehicle}", new { name })).Status,
            (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.Created]);

    /// <summary>What a vehicle is called.</summary>
    public static async Task<string> GetVehicleNameAsync(this LocalApp app, SignedUp tenant, string vehicle) =>
        (await app.Operator.GetAsync($"api/tenants/{tenant.TenantId}/vehicles/{vehicle}")).Expect(HttpStatusCode.OK).Json.Text("name");

    /// <summary>Name of the database that serves a tenant.</summary>
    public static async Task<string> DatabaseOfAsync(this LocalApp app, Guid tenantId) =>
        (await app.GetTenantAsync(tenantId)).GetProperty("infrastructure").Text("database");

    /// <summary>Has a database go "down" or "up", or "lose" its disk.</summary>
    public static async Task ChangeDatabaseAsync(this LocalApp app, string database, string change) =>
        (await app.Simulators.PostAsync($"databases/{database}/{change}", null)).Expect(HttpStatusCode.NoContent);

    /// <summary>Starts the failover of a tenant.</summary>
    public static Task<Guid> FailOverAsync(this LocalApp app, Guid tenantId, string? target = null, bool force = false) =>
        app.StartMoveAsync(tenantId, new { kind = "emergency", target, force, reason = "The test has lost it." });

    /// <summary>Backs a tenant up.</summary>
    public static async Task BackUpAsync(this LocalApp app, Guid tenantId)
    {
        var accepted = (await app.Operator.PostAsync($"api/tenants/{tenantId}/backups", null)).Expect(HttpStatusCode.Accepted);
        Assert.Equal("succeeded", (await app.WaitForEndAsync(accepted.Json.GetProperty("operationId").GetGuid())).Text("state"));
    }

    /// <summary>Spoils a table's files in a tenant's backups.</summary>
    /// <returns>How many.</returns>
    public static async Task<int> DamageBackupAsync(Guid tenantId, string table)
    {
        var container = new BlobContainerClient(LocalApp.Blobs, "backups");
        var spoiled = 0;
        await foreach (var file in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{tenantId:n}/", default))
        {
            if (file.Name.Contains($"/{table}.", StringComparison.Ordinal))
            {
                await container.GetBlobClient(file.Name).UploadAsync(BinaryData.FromString("spoiled"), overwrite: true);
                spoiled++;
            }
        }

        return spoiled;
    }

    /// <summary>Waits until somebody, or nobody, has a tenant failed over.</summary>
    public static async Task<Guid> WaitForFailoverAsync(this LocalApp app, Guid tenantId)
    {
        Guid? failover = null;
        await Eventually.IsTrueAsync(
            async () =>
            {
                failover = (await app.Operator.GetAsync($"api/operations?tenantId={tenantId}")).Json.GetProperty("items")
                    .EnumerateArray().Where(operation => operation.Text("kind") == "emergency")
                    .Select(operation => (Guid?)operation.GetProperty("id").GetGuid()).SingleOrDefault();
                return failover is not null;
            },
            SignupCalls.Patience);
        return failover!.Value;
    }

    /// <summary>Waits until a tenant's history is whole again.</summary>
    public static Task<JsonElement> WaitUntilRestoredAsync(this LocalApp app, Guid failover) =>
        app.WaitForOperationAsync(failover, operation => StateOf(operation, "VerifyHistory") == "succeeded");

    /// <summary>Waits until the new home takes points.</summary>
    public static Task<JsonElement> WaitUntilServedAsync(this LocalApp app, Guid failover) =>
        app.WaitForOperationAsync(failover, operation => StateOf(operation, "TakeOver") == "succeeded");

    /// <summary>The report of a failover.</summary>
    public static async Task<JsonElement> GetReportAsync(this LocalApp app, Guid failover) =>
        (await app.Operator.GetAsync($"api/operations/{failover}/report")).Expect(HttpStatusCode.OK).Json;

    /// <summary>The parts of an operation's steps.</summary>
    public static IEnumerable<JsonElement> PartsOf(JsonElement operation) =>
        from step in operation.GetProperty("steps").EnumerateArray()
        from part in step.TryGetProperty("parts", out var parts) ? parts.EnumerateArray().ToList() : [step]
        select part;

    /// <summary>The state of a part.</summary>
    public static string StateOf(JsonElement operation, string name) =>
        PartsOf(operation).Single(part => part.Text("name") == name).Text("state");
}
