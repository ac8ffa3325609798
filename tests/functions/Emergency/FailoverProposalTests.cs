using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Functions.Tests.Hosting;
using WebHost.Placement;
using WebHost.Testing;

namespace WebHost.Functions.Tests.Emergency;

public sealed class FailoverProposalTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    private static readonly string[] Europe = ["europe"];

    [Fact]
    public async Task Lost_database_is_proposed_and_fails_over_when_an_operator_approves_and_not_when_one_declines()
    {
        var (wanted, unwanted) = (await LoseTenantAsync(), await LoseTenantAsync());
        var proposal = await ProposedAsync(wanted);
        var declined = await ProposedAsync(unwanted);

        var (status, accepted) = await application.PostAsync($"failovers/proposals/{proposal}/approve");
        var (again, same) = await application.PostAsync($"failovers/proposals/{proposal}/approve");
        var (late, problem) = await application.PostAsync($"failovers/proposals/{proposal}/decline");
        var (answered, left) = await application.PostAsync($"failovers/proposals/{declined}/decline");
        var (tooLate, _) = await application.PostAsync($"failovers/proposals/{declined}/approve");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (status, again));
        Assert.Equal(proposal, (Guid)accepted!["operationId"]!);
        Assert.True(JsonNode.DeepEquals(accepted, same));
        Assert.Equal("emergency", (string?)(await application.GetAsync($"operations/{proposal}"))["kind"]);
        Assert.Equal(HttpStatusCode.Conflict, late);
        Assert.Contains("is executed and cannot become declined", (string?)problem!["detail"], StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "declined", null), (answered, (string?)left!["state"], left["operationId"]));
        Assert.Equal(HttpStatusCode.Conflict, tooLate);
        var executed = await FindAsync(proposal, "?state=executed");
        Assert.Equal((proposal, wanted), ((Guid)executed["operationId"]!, (Guid)executed["tenantId"]!));
    }

    [Fact]
    public async Task What_was_approved_by_a_process_that_died_is_started_by_the_next()
    {
        var tenant = await LoseTenantAsync();
        var proposal = await ProposedAsync(tenant);
        await application.Services.GetRequiredService<FailoverProposalStore>().ApproveAsync(proposal, default);

        var operation = await Eventually.GetAsync<JsonNode>(async () =>
        {
            using var answer = await application.Http.GetAsync($"operations/{proposal}");
            return answer.IsSuccessStatusCode ? JsonNode.Parse(await answer.Content.ReadAsStringAsync()) : null;
        });

        Assert.Equal(("emergency", tenant), ((string?)operation["kind"], (Guid)operation["tenantId"]!));
    }

    [Fact]
    public async Task Proposal_that_cannot_be_started_answers_409_and_says_why_afterwards()
    {
        var tenant = await LoseTenantAsync();
        var proposal = await ProposedAsync(tenant);
        var (started, _) = await application.PostAsync($"tenants/{tenant}/migrations", new { kind = "emergency" });

        var (status, problem) = await application.PostAsync($"failovers/proposals/{proposal}/approve");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Conflict), (started, status));
        var refused = await FindAsync(proposal);
        Assert.NotNull((string?)refused["refusal"]);
        Assert.Equal(((string?)problem!["detail"], null), ((string?)refused["refusal"], refused["operationId"]));
    }

    [Theory]
    [InlineData("approve")]
    [InlineData("decline")]
    public async Task Only_operators_decide_and_only_about_what_there_is(string verb)
    {
        using var nobody = new HttpClient { BaseAddress = application.Http.BaseAddress };

        using var refused = await nobody.PostAsync($"failovers/proposals/{Guid.NewGuid()}/{verb}", content: null);
        using var hidden = await nobody.GetAsync("failovers/proposals");
        var (unknown, _) = await application.PostAsync($"failovers/proposals/{Guid.NewGuid()}/{verb}");
        using var malformed = await application.Http.GetAsync("failovers/proposals?state=wished-for");

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (refused.StatusCode, hidden.StatusCode));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.BadRequest), (unknown, malformed.StatusCode));
    }

    // A tenant whose own database has been lost for longer than it takes to be proposed.
    private async Task<Guid> LoseTenantAsync()
    {
        var (tenantId, operationId) = await application.SignUpAsync(
            new { company = "Acme", email = "fleet@acme.example", monthlyBudgetUsd = 49, vehicles = 20, locations = Europe, plan = "starter" });
        await application.OperationAsync(operationId, operation => (string?)operation["state"] == "succeeded");
        var placement = await application.Services.GetRequiredService<PlacementStore>().GetAsync(tenantId, default);
        var database = await application.Services.GetRequiredService<TenantDatabaseStore>().GetAsync(placement.DatabaseId!.Value, default);
        await TestDatabase.ExecuteOnServerAsync($"DROP DATABASE \"{database.Name}\" WITH (FORCE)");
        await Eventually.IsTrueAsync(async () => await RunAsync(
            """
            UPDATE database_health SET seen_since = seen_since - interval '2 minutes'
            WHERE database_id = $1 AND until IS NULL AND lost_since IS NOT NULL
            """,
            database.Id) == 1);
        return tenantId;
    }

    private async Task<Guid> ProposedAsync(Guid tenantId) => (Guid)(await Eventually.GetAsync<JsonNode>(
        async () => (await application.GetAsync("failovers/proposals?state=open"))["items"]!.AsArray()
            .SingleOrDefault(proposal => (Guid?)proposal!["tenantId"] == tenantId)))["id"]!;

    private async Task<JsonNode> FindAsync(Guid id, string query = "") =>
        (await application.GetAsync($"failovers/proposals{query}"))["items"]!.AsArray().Single(found => (Guid)found!["id"]! == id)!;

    private async Task<int> RunAsync(string sql, Guid id)
    {
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        return await connection.Sql(sql, id).RunAsync();
    }
}
