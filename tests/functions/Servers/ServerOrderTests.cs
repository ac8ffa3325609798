using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Functions.Tests.Hosting;
using WebHost.Placement;
using WebHost.Testing;

namespace WebHost.Functions.Tests.Servers;

public sealed class ServerOrderTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    [Fact]
    public async Task An_approved_order_becomes_a_server_that_accepts_tenants()
    {
        var order = await PrepareAsync("fsn1");
        var operation = await ApproveAsync(order);
        await AwaitsInstallationAsync(operation);
        var waiting = await OrderAsync(order);

        var installation = await InstallAsync(order, HttpStatusCode.NoContent);
        var done = await application.OperationAsync(operation, Ended);

        Assert.Equal("succeeded", (string?)done["state"]);
        Assert.All(done["steps"]!.AsArray(), step => Assert.Equal("succeeded", (string?)step!["state"]));
        Assert.Equal("completed", (string?)(await OrderAsync(order))["state"]);
        var server = Assert.Single((await application.GetAsync("servers"))["items"]!.AsArray(), server => (string?)server!["name"] == (string?)waiting["serverName"]);
        Assert.Equal(("accepting", 150), ((string?)server!["state"], (int?)server["capacity"]));
        Assert.Equal((string?)waiting["serverIp"], (string?)server["address"]);
        Assert.Equal(HttpStatusCode.Unauthorized, await ReportAsync((string)installation["token"]!));
        var kept = await application.EngineStateAsync();
        Assert.Contains(order.ToString(), kept, StringComparison.Ordinal);
        Assert.DoesNotContain((string)installation["token"]!, kept, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", kept, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_whose_answer_was_lost_is_placed_once()
    {
        var order = await PrepareAsync("nbg1");
        await application.OrderFaultAsync("Hetzner", "CreateOrder", "lost-response");
        var before = (await application.ResourcesAsync("hetzner", "order")).Count;

        var operation = await ApproveAsync(order);
        await AwaitsInstallationAsync(operation);

        Assert.Equal(before + 1, (await application.ResourcesAsync("hetzner", "order")).Count);
        Assert.Equal(operation, await ApproveAsync(order));
        await CancelAsync(order, operation);
    }

    [Fact]
    public async Task An_order_dearer_than_approved_is_not_placed_until_the_price_is()
    {
        var order = await PrepareAsync("hel1");
        var before = (await application.ResourcesAsync("hetzner", "order")).Count;

        var refused = await application.OperationAsync(await ApproveAsync(order, monthly: 50), Ended);
        Assert.Equal("failed", (string?)refused["state"]);
        Assert.Contains("60.70", (string?)refused["error"]!["message"], StringComparison.Ordinal);
        Assert.Empty(refused["error"]!["leftBehind"]!.AsArray());
        Assert.Equal(before, (await application.ResourcesAsync("hetzner", "order")).Count);

        var operation = await ApproveAsync(order, monthly: 61);
        await AwaitsInstallationAsync(operation);
        await CancelAsync(order, operation);
    }

    [Fact]
    public async Task A_server_that_is_not_installed_in_time_stays_ours_and_a_retry_goes_on_with_it()
    {
        var order = await PrepareAsync("late1", location: "fsn1");
        var first = await ApproveAsync(order);

        var late = await application.OperationAsync(first, Ended);
        var number = (int)(await OrderAsync(order))["serverNumber"]!;
        var (status, retried) = await application.PostAsync($"operations/{first}/retry");
        var second = (Guid)retried!["operationId"]!;
        await AwaitsInstallationAsync(second);
        await InstallAsync(order, HttpStatusCode.NoContent);

        Assert.Equal(("failed", "AwaitInstallation"), ((string?)late["state"], (string?)late["error"]!["step"]));
        Assert.Contains($"Server {number}", (string?)late["error"]!["leftBehind"]![0], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal("succeeded", (string?)(await application.OperationAsync(second, Ended))["state"]);
        Assert.Equal(number, (int)(await OrderAsync(order))["serverNumber"]!);
    }

    [Fact]
    public async Task A_cancelled_order_gives_its_server_back()
    {
        var order = await PrepareAsync("fsn1");
        var operation = await ApproveAsync(order);
        await AwaitsInstallationAsync(operation);

        var ended = await CancelAsync(order, operation);

        Assert.Equal("failed", (string?)ended["state"]);
        Assert.Contains("given back", (string?)ended["error"]!["leftBehind"]![0], StringComparison.Ordinal);
        Assert.Equal("cancelled", (string?)(await OrderAsync(order))["state"]);
        var (status, _) = await application.PostAsync($"servers/orders/{order}/approve", new { monthlyCeilingEur = 90, setupCeilingEur = 90 });
        Assert.Equal(HttpStatusCode.Conflict, status);
    }

    [Fact]
    public async Task A_server_whose_orders_orchestration_died_can_still_be_given_back()
    {
        var order = await PrepareAsync("hel1");
        var operation = await ApproveAsync(order);
        await AwaitsInstallationAsync(operation);

        await application.DieAsync(operation);

        Assert.Equal("failed", (string?)(await OrderAsync(order))["state"]);
        Assert.Contains("goes on with it", await application.AdviceAsync(operation), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"servers/orders/{order}/cancel")).Status);
        var ended = await application.OperationAsync((Guid)(await OrderAsync(order))["operationId"]!, Ended);
        Assert.Contains("given back", (string?)ended["error"]!["leftBehind"]![0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_certificate_that_a_server_reports_is_kept_as_the_one_its_database_must_show()
    {
        var order = await PrepareAsync("nbg1");
        var operation = await ApproveAsync(order);
        await AwaitsInstallationAsync(operation);
        var (_, installation) = await application.PostAsync($"servers/orders/{order}/installation");
        var token = (string)installation!["token"]!;
        object Database(string certificateSha256) =>
            new { host = "127.0.0.1", port = 1, name = "fleet", user = "webhost", password = "p", certificateSha256 };

        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ReportAsync(token, Database("not a hash")));
        Assert.Equal(HttpStatusCode.NoContent, await ReportAsync(token, Database(new string('a', 64))));

        var reported = await application.Services.GetRequiredService<ServerOrders>().FindAsync(order, default);
        var kept = await application.Services.GetRequiredService<TenantDatabaseStore>()
            .GetAsync(reported!.DatabaseId!.Value, default);
        Assert.Equal(new string('a', 64), kept.CertificateSha256);
        await CancelAsync(order, operation);
    }

    [Fact]
    public async Task Only_the_newest_token_of_an_awaited_server_may_report()
    {
        var order = await PrepareAsync("nbg1");
        Assert.Equal(HttpStatusCode.Conflict, (await application.PostAsync($"servers/orders/{order}/installation")).Status);
        var operation = await ApproveAsync(order);
        await AwaitsInstallationAsync(operation);
        var (_, first) = await application.PostAsync($"servers/orders/{order}/installation");
        var (_, second) = await application.PostAsync($"servers/orders/{order}/installation");

        Assert.Equal(HttpStatusCode.Unauthorized, await ReportAsync((string)first!["token"]!));
        Assert.Equal(HttpStatusCode.Unauthorized, await ReportAsync("whs_" + new string('A', 43)));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ReportAsync((string)second!["token"]!));
        await CancelAsync(order, operation);
    }

    private static bool Ended(JsonNode operation) => (string?)operation["state"] is "succeeded" or "failed";

    // Orders are prepared when tenants find every server full; one at a time for each location.
    private async Task<Guid> PrepareAsync(string reason, string? location = null)
    {
        location ??= reason;
        var orders = application.Services.GetRequiredService<ServerOrders>();
        await Eventually.IsTrueAsync(async () =>
        {
            await orders.PrepareAsync(location, reason, default);
            return (await orders.ListAsync(default)).Any(
                order => order.Location == location && order.State == ServerOrderState.AwaitingApproval);
        });
        return (await orders.ListAsync(default)).Single(
            order => order.Location == location && order.State == ServerOrderState.AwaitingApproval).Id;
    }

    private async Task<Guid> ApproveAsync(Guid order, decimal monthly = 70, decimal setup = 39)
    {
        var (status, body) = await application.PostAsync(
            $"servers/orders/{order}/approve", new { monthlyCeilingEur = monthly, setupCeilingEur = setup });
        Assert.Equal(HttpStatusCode.Accepted, status);
        return (Guid)body!["operationId"]!;
    }

    private Task AwaitsInstallationAsync(Guid operation) => application.OperationAsync(
        operation,
        found => found["steps"]!.AsArray().Any(
            step => (string?)step!["name"] == "AwaitInstallation" && (string?)step["state"] == "waiting"));

    private async Task<JsonNode> InstallAsync(Guid order, HttpStatusCode expected)
    {
        var number = (int)(await OrderAsync(order))["serverNumber"]!;
        var (_, installation) = await application.PostAsync($"servers/orders/{order}/installation");
        using var answer = await application.Simulators.PostAsJsonAsync(
            "install/hetzner-server",
            new { serverNumber = number, reportTo = (string)installation!["reportTo"]!, token = (string)installation["token"]! });
        Assert.Equal(expected, answer.StatusCode);
        return installation;
    }

    private async Task<HttpStatusCode> ReportAsync(string token, object? database = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "servers/installed")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
            Content = JsonContent.Create(new { database = database ?? new { port = 5432 } }),
        };
        using var answer = await application.Http.SendAsync(request);
        return answer.StatusCode;
    }

    private async Task<JsonNode> CancelAsync(Guid order, Guid operation)
    {
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"servers/orders/{order}/cancel")).Status);
        return await application.OperationAsync(operation, Ended);
    }

    private async Task<JsonNode> OrderAsync(Guid id) =>
        (await application.GetAsync("servers/orders"))["items"]!.AsArray().Single(order => (Guid)order!["id"]! == id)!;
}
