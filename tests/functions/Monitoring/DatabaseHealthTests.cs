using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Functions.Tests.Hosting;
using WebHost.Placement;
using WebHost.Testing;

namespace WebHost.Functions.Tests.Monitoring;

public sealed class DatabaseHealthTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    private static readonly string[] Europe = ["europe"];

    [Fact]
    public async Task Database_that_is_lost_is_shown_as_gone_and_reported()
    {
        var (tenantId, operationId) = await application.SignUpAsync(
            new { company = "Acme", email = "fleet@acme.example", monthlyBudgetUsd = 49, vehicles = 20, locations = Europe, plan = "starter" });
        await application.OperationAsync(operationId, operation => (string?)operation["state"] == "succeeded");
        var well = await SeenAsync(tenantId, "answering");

        var placement = await application.Services.GetRequiredService<PlacementStore>().GetAsync(tenantId, default);
        var database = await application.Services.GetRequiredService<TenantDatabaseStore>().GetAsync(placement.DatabaseId!.Value, default);
        await TestDatabase.ExecuteOnServerAsync($"DROP DATABASE \"{database.Name}\" WITH (FORCE)");
        var gone = await SeenAsync(tenantId, "gone");

        Assert.Equal(("Acme", 1, null), ((string?)well["company"], (int?)well["tenants"], well["lostSince"]));
        Assert.Equal((Guid)well["databaseId"]!, (Guid)gone["databaseId"]!);
        Assert.NotNull(gone["lostSince"]);
        Assert.NotNull(gone["answeredAt"]);
        await Eventually.IsTrueAsync(async () => (await application.GetAsync("alerts"))["items"]!.AsArray()
            .Any(alert => (string?)alert!["kind"] == "database-silent" && (Guid)alert["subject"]! == database.Id));
    }

    [Fact]
    public async Task Only_operators_see_how_databases_are()
    {
        using var nobody = new HttpClient { BaseAddress = application.Http.BaseAddress };

        using var answer = await nobody.GetAsync("health/databases");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private Task<JsonNode> SeenAsync(Guid tenantId, string state) => Eventually.GetAsync<JsonNode>(
        async () => (await application.GetAsync("health/databases"))["items"]!.AsArray().SingleOrDefault(
            database => (Guid?)database!["tenantId"] == tenantId && (string?)database["state"] == state));
}
