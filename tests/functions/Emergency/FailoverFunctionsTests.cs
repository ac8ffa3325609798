using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Functions.Tests.Hosting;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Functions.Tests.Emergency;

public sealed class FailoverFunctionsTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    [Fact]
    public async Task Only_operators_fail_over_and_read_reports()
    {
        var (tenant, operation) = await SignUpAsync();
        var key = (string)(await application.PostAsync($"tenants/{tenant}/keys")).Body!["key"]!;

        foreach (var (method, path) in ((HttpMethod, string)[])
            [
                (HttpMethod.Post, $"tenants/{tenant}/migrations"), (HttpMethod.Post, $"servers/{Guid.NewGuid()}/failover"),
                (HttpMethod.Get, $"operations/{operation}/report"), (HttpMethod.Get, $"operations/{operation}/report.html"),
            ])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(method, path, key: null));
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(method, path, "nobody's"));
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(method, path, key));
        }
    }

    [Fact]
    public async Task What_is_not_there_answers_404_as_a_problem_that_says_where_to_look()
    {
        var (_, provisioning) = await SignUpAsync();
        var nobody = Guid.NewGuid();

        await IsProblemAsync(HttpMethod.Post, $"tenants/{nobody}/migrations", """{"kind":"emergency"}""", 404, nobody.ToString());
        await IsProblemAsync(HttpMethod.Post, $"servers/{nobody}/failover", """{"reason":"Gone."}""", 404, "GET /api/servers lists them");
        foreach (var operation in (Guid[])[nobody, provisioning])
        {
            await IsProblemAsync(HttpMethod.Get, $"operations/{operation}/report", null, 404, "is no failover");
            await IsProblemAsync(HttpMethod.Get, $"operations/{operation}/report.html", null, 404, "is no failover");
        }
    }

    [Fact]
    public async Task Request_without_a_kind_is_told_the_kinds()
    {
        var problem = await IsProblemAsync(HttpMethod.Post, $"tenants/{Guid.NewGuid()}/migrations", "{}", 400, "emergency");

        Assert.All(
            (string[])["upgrade", "downgrade", "relocate", "emergency"],
            kind => Assert.Contains(kind, (string?)problem["errors"]!["kind"]![0], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"kind":"catastrophe"}""", "$.kind", "upgrade, downgrade, relocate, emergency")]
    [InlineData("""{"kind":3}""", "$.kind", "upgrade, downgrade, relocate, emergency")]
    [InlineData("""{"kind":"emergency","target":"moon"}""", "$.target", "hetzner, fly")]
    public async Task Request_with_a_word_that_is_not_known_is_told_where_it_is_and_the_words(string body, string where, string words)
    {
        var problem = await IsProblemAsync(HttpMethod.Post, $"tenants/{Guid.NewGuid()}/migrations", body, 400, where);

        Assert.Contains($"one of: {words}.", (string?)problem["errors"]![where]![0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reason_that_is_longer_than_what_an_orchestration_should_carry_is_refused()
    {
        var (tenant, _) = await SignUpAsync();
        var reason = new string('x', 501);

        await IsProblemAsync(
            HttpMethod.Post, $"tenants/{tenant}/migrations", $$"""{"kind":"emergency","force":true,"reason":"{{reason}}"}""", 400, "500 at most");
        await IsProblemAsync(HttpMethod.Post, $"servers/{Guid.NewGuid()}/failover", $$"""{"reason":"{{reason}}"}""", 400, "500 at most");
    }

    [Fact]
    public async Task Reason_with_a_character_that_no_database_keeps_is_refused()
    {
        await IsProblemAsync(
            HttpMethod.Post, $"tenants/{Guid.NewGuid()}/migrations", """{"kind":"emergency","reason":"\u0000"}""", 400, "leave it out");
        await IsProblemAsync(HttpMethod.Post, $"servers/{Guid.NewGuid()}/failover", """{"reason":"a\u0000b"}""", 400, "leave it out");
    }

    [Fact]
    public async Task Home_that_is_well_is_not_failed_over_unless_that_is_forced()
    {
        var (tenant, _) = await SignUpAsync();
        var before = await application.GetAsync($"tenants/{tenant}");

        await RefusesAsync($"tenants/{tenant}/migrations", "The tenant's home is well", new { kind = "emergency" });
        await RefusesAsync($"tenants/{tenant}/migrations", "The tenant's home is well", new { kind = "emergency", dryRun = true });
        await RefusesAsync(
            $"tenants/{tenant}/migrations", "no region 'mars'", new { kind = "emergency", dryRun = true, force = true, region = "mars" });
        await RefusesAsync(
            $"tenants/{tenant}/migrations", "of plan hobby only", new { kind = "emergency", dryRun = true, force = true, target = "hetzner" });
        var (status, plan) = await FailOverAsync(tenant, new { kind = "emergency", dryRun = true, force = true });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(
            ("serving", "fly", "starter"), ((string?)plan!["found"]!["presence"], (string?)plan["provider"], (string?)plan["homePlan"]));
        Assert.Equal((string?)before["infrastructure"]!["region"], (string?)plan["region"]);
        Assert.Null(plan["standingHome"]);
        Assert.True(JsonNode.DeepEquals(before, await application.GetAsync($"tenants/{tenant}")));
        Assert.Single((await application.GetAsync($"operations?tenantId={tenant}"))["items"]!.AsArray());
    }

    [Fact]
    public async Task Lost_home_is_failed_over_and_every_verb_has_its_time()
    {
        var (tenant, _) = await SignUpAsync();
        await application.LoseHomeAsync(tenant);
        await application.OrderFaultAsync("Fly", "CreateVolume", "error", status: 400);

        var operation = await StartAsync(tenant, new { kind = "emergency", reason = "The <rack> burns." });
        await WaitsAsync(operation, withError: true);
        await RefusesAsync($"operations/{operation}/commit", "A failover that is preparing cannot be committed.");
        await RefusesAsync($"operations/{operation}/rollback", "a failover cancelled or committed");
        await RefusesAsync($"tenants/{tenant}/migrations", "is under way (preparing)", new { kind = "upgrade" });
        var preliminary = await application.GetAsync($"operations/{operation}/report");
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/retry")).Status);

        await WaitsAsync(operation, withError: false, step: "RecoverSource");
        await RefusesAsync($"operations/{operation}/cancel", "A failover that is restored cannot be cancelled.");
        await RefusesAsync($"tenants/{tenant}/migrations", "lost home is waited for", new { kind = "upgrade" });
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/commit")).Status);

        var done = await application.OperationAsync(operation, Ended);
        Assert.True((string?)done["state"] == "succeeded", done.ToJsonString());
        await RefusesAsync($"operations/{operation}/cancel", "A failover that is done cannot be cancelled.");
        await RefusesAsync($"operations/{operation}/commit", "A failover that is done cannot be committed.");
        await ReportsAsync(tenant, operation, preliminary);
    }

    [Fact]
    public async Task Lost_home_that_comes_back_damaged_is_fenced_and_given_up_when_the_failover_is_committed()
    {
        var (tenant, _) = await SignUpAsync();
        var lost = await DatabaseOfAsync(tenant);
        await application.LoseHomeAsync(tenant);
        var operation = await StartAsync(tenant, new { kind = "emergency" });
        await WaitsAsync(operation, withError: false, step: "RecoverSource");

        var connections = application.Services.GetRequiredService<MovingConnections>();
        await using var connection = await connections.OpenAsync(lost, default);
        await connection.Sql("ALTER TABLE fleet.points RENAME TO damaged_points").RunAsync();
        await ExecuteAsync("UPDATE databases SET port = $2 WHERE id = $1", lost.Id, lost.Port);
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/commit")).Status);

        var done = await application.OperationAsync(operation, Ended);
        Assert.True((string?)done["state"] == "succeeded", done.ToJsonString());
        var detail = (string?)StepOf(done, "RecoverSource")!["detail"];
        Assert.Contains("could not be fetched", detail, StringComparison.Ordinal);
        Assert.Contains("the tenant is away there", detail, StringComparison.Ordinal);
        var home = Assert.Single((await application.GetAsync($"operations/{operation}/report"))["homes"]!.AsArray());
        Assert.Equal("given-up", (string?)home!["outcome"]);
    }

    [Fact]
    public async Task Backups_of_a_tenant_whose_lost_home_is_waited_for_are_kept_for_the_comparison()
    {
        var (tenant, _) = await SignUpAsync();
        var (_, backup) = await application.PostAsync($"tenants/{tenant}/backups");
        await application.OperationAsync((Guid)backup!["operationId"]!, Ended);
        await application.LoseHomeAsync(tenant);

        await WaitsAsync(await StartAsync(tenant, new { kind = "emergency" }), withError: false, step: "RecoverSource");

        var waitedFor = application.Services.GetRequiredService<Settings>().Failovers.AwaitSource;
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        var held = await connection.Sql("SELECT held_until FROM backups WHERE tenant_id = $1", tenant)
            .FirstAsync(row => row.MaybeValue<DateTimeOffset>(0), default);
        Assert.True(held > DateTimeOffset.UtcNow + waitedFor, $"Held until {held}.");
    }

    [Fact]
    public async Task Error_of_a_step_that_was_tried_again_with_success_is_the_operations_no_more()
    {
        var (tenant, _) = await SignUpAsync();
        await application.LoseHomeAsync(tenant);
        await application.OrderFaultAsync("Fly", "CreateVolume", "error", status: 400);
        var operation = await StartAsync(tenant, new { kind = "emergency" });
        await WaitsAsync(operation, withError: true);
        await application.PostAsync($"operations/{operation}/retry");

        await WaitsAsync(operation, withError: false, step: "RecoverSource");

        Assert.Null((await application.GetAsync($"operations/{operation}"))["error"]);
        await RefusesAsync($"operations/{operation}/retry", "waits for a retry; it is restored");
    }

    [Fact]
    public async Task Failover_that_is_at_work_is_the_only_one_unless_another_is_forced_which_goes_on_to_the_end()
    {
        var (tenant, _) = await SignUpAsync();
        await application.LoseHomeAsync(tenant);

        // The vendor is silent for longer than the next requests take.
        await application.OrderFaultAsync("Fly", "CreateVolume", "timeout");
        var first = await StartAsync(tenant, new { kind = "emergency" });
        await RefusesAsync($"tenants/{tenant}/migrations", $"Failover {first} of the tenant is at work.", new { kind = "emergency" });
        await RefusesAsync($"operations/{first}/retry", $"No step of failover {first} waits for a retry; it is preparing.");
        var second = await StartAsync(tenant, new { kind = "emergency", force = true });

        Assert.Equal("cancelled", (string?)(await application.OperationAsync(first, Ended))["state"]);
        await RefusesAsync($"operations/{second}/cancel", "only yet another failover replaces it");
        await RefusesAsync($"operations/{second}/commit", "cannot be committed");
        await WaitsAsync(second, withError: false, step: "RecoverSource");
        await application.PostAsync($"operations/{second}/commit");
        Assert.Equal("succeeded", (string?)(await application.OperationAsync(second, Ended))["state"]);
        var apps = await application.ResourcesAsync("fly", "app");
        Assert.Equal(2, apps.Count(app => app.ToJsonString().Contains($"{tenant:n}"[16..], StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Failover_whose_target_cannot_be_taken_back_is_replaced_by_the_next_one()
    {
        var (tenant, _) = await SignUpAsync();
        await application.LoseHomeAsync(tenant);
        await application.OrderFaultAsync("Fly", "CreateVolume", "error", status: 400);
        var first = await StartAsync(tenant, new { kind = "emergency" });
        await WaitsAsync(first, withError: true);
        await application.OrderFaultAsync("Fly", "DeleteApp", "error", status: 400, times: 6);
        await application.PostAsync($"operations/{first}/cancel");
        await application.OperationAsync(
            first, it => (string?)it["state"] == "waiting" && it["error"]?["leftBehind"]?.AsArray().Count > 0);

        var second = await StartAsync(tenant, new { kind = "emergency" });
        await WaitsAsync(second, withError: false, step: "RecoverSource");
        await application.PostAsync($"operations/{second}/commit");

        Assert.Equal("succeeded", (string?)(await application.OperationAsync(second, Ended))["state"]);
        Assert.Equal("cancelled", (string?)(await application.OperationAsync(first, Ended))["state"]);
    }

    [Fact]
    public async Task Failover_that_is_cancelled_before_its_first_step_gives_the_slot_back_that_accepting_it_reserved()
    {
        var (tenant, _) = await SignUpAsync();
        await AddServerAsync(tenant, serves: false);
        var failover = await AcceptFailoverAsync(tenant);

        await ActivatorUtilities.CreateInstance<FailoverEnds>(application.Services).EndFailoverUndone(
            new FailoverFailure(failover, Step: null, "It was given up.", LeftBehind: []), default);

        var store = application.Services.GetRequiredService<FailoverStore>();
        Assert.Equal(FailoverState.Undone, (await store.GetAsync(failover.OperationId, default)).State);
    }

    [Fact]
    public async Task Server_is_not_failed_over_when_it_serves_nobody_or_is_well_or_is_failed_over_already()
    {
        var (tenant, _) = await SignUpAsync();
        var server = await AddServerAsync(tenant);

        await IsProblemAsync(HttpMethod.Post, $"servers/{server}/failover", "{}", 400, "reason must say why");
        await RefusesAsync(
            $"servers/{await AddServerAsync(tenant, serves: false)}/failover", "serves no tenant", new { reason = "Gone." });
        await RefusesAsync($"servers/{server}/failover", "is well", new { reason = "Gone." });
        var (status, accepted) = await application.PostAsync($"servers/{server}/failover", new { force = true, reason = "The rack burns." });
        Assert.True(status == HttpStatusCode.Accepted, accepted?.ToJsonString());
        var operation = (Guid)accepted!["operationId"]!;
        await RefusesAsync($"servers/{server}/failover", $"is failed over already: operation {operation}", new { force = true, reason = "Gone." });

        var done = await application.OperationAsync(operation, Ended);
        Assert.True((string?)done["state"] == "succeeded", done.ToJsonString());
        Assert.Equal(("server-failover", null), ((string?)done["kind"], (string?)done["tenantId"]));
        Assert.Equal(
            (1, 0, 0, 0),
            ((int)done["figures"]!["tenants"]!["restored"]!, (int)done["figures"]!["tenants"]!["preparing"]!,
             (int)done["figures"]!["tenants"]!["restoring"]!, (int)done["figures"]!["tenants"]!["waiting"]!));
        Assert.Equal(
            "closed",
            (string?)(await application.GetAsync("servers"))["items"]!.AsArray().Single(one => (Guid)one!["id"]! == server)!["state"]);
        await RefusesAsync($"operations/{operation}/cancel", "is of kind server-failover");
        await IsProblemAsync(HttpMethod.Get, $"operations/{operation}/report", null, 404, "is no failover of a tenant");
    }

    private async Task ReportsAsync(Guid tenant, Guid operation, JsonNode preliminary)
    {
        using var json = await application.Http.GetAsync($"operations/{operation}/report");
        using var html = await application.Http.GetAsync($"operations/{operation}/report.html");
        var report = JsonNode.Parse(await json.Content.ReadAsStringAsync())!;

        Assert.Equal(("application/json", "text/html; charset=utf-8"), (json.Content.Headers.ContentType!.MediaType, html.Content.Headers.ContentType!.ToString()));
        Assert.Equal((false, true), ((bool)preliminary["isFinal"]!, (bool)report["isFinal"]!));
        Assert.Equal((tenant, operation), ((Guid)report["tenantId"]!, (Guid)report["operationId"]!));
        Assert.Contains("The <rack> burns.", (string?)report["cause"]![0], StringComparison.Ordinal);
        Assert.Equal("given-up", (string?)Assert.Single(report["homes"]!.AsArray())!["outcome"]);
        Assert.Single(report["lost"]!.AsArray());
        Assert.True((double)report["times"]!["secondsToIngest"]! > 0);
        var page = await html.Content.ReadAsStringAsync();
        Assert.Contains("The &lt;rack&gt; burns.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<rack>", page, StringComparison.Ordinal);
    }

    private static bool Ended(JsonNode operation) =>
        (string?)operation["state"] is "succeeded" or "failed" or "cancelled" or "rolled-back";

    private Task<(HttpStatusCode Status, JsonNode? Body)> FailOverAsync(Guid tenant, object request) =>
        application.PostAsync($"tenants/{tenant}/migrations", request);

    private async Task<Guid> StartAsync(Guid tenant, object request)
    {
        var (status, accepted) = await FailOverAsync(tenant, request);
        Assert.True(status == HttpStatusCode.Accepted, accepted?.ToJsonString());
        var operation = (Guid)accepted!["operationId"]!;
        Assert.Equal($"/api/operations/{operation}", (string?)accepted["statusUrl"]);
        return operation;
    }

    private async Task WaitsAsync(Guid operation, bool withError, string? step = null)
    {
        var waiting = await application.OperationAsync(
            operation,
            it => Ended(it) || ((string?)it["state"] == "waiting" && (step is null || (string?)StepOf(it, step)!["state"] == "waiting")));
        Assert.True(
            (string?)waiting["state"] == "waiting" && (step is not null || waiting["error"] is not null == withError),
            waiting.ToJsonString());
    }

    private static JsonNode? StepOf(JsonNode operation, string name) => operation["steps"]!.AsArray()
        .SelectMany(step => step!["parts"]?.AsArray().ToArray() ?? [step])
        .Single(step => (string?)step!["name"] == name);

    private async Task RefusesAsync(string path, string reason, object? body = null)
    {
        var (status, problem) = await application.PostAsync(path, body);

        Assert.True(status == HttpStatusCode.Conflict, problem?.ToJsonString());
        Assert.Contains(reason, (string?)problem!["detail"], StringComparison.Ordinal);
    }

    private async Task<JsonNode> IsProblemAsync(HttpMethod method, string path, string? body, int status, string said)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body is null ? null : new StringContent(body, new MediaTypeHeaderValue("application/json")),
        };
        using var answer = await application.Http.SendAsync(request);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;

        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal((status, status), ((int)answer.StatusCode, (int)problem["status"]!));
        Assert.Contains(said, (string?)problem["detail"], StringComparison.Ordinal);
        return problem;
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string? key)
    {
        using var client = new HttpClient { BaseAddress = application.Http.BaseAddress };
        client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using var request = new HttpRequestMessage(method, path);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private async Task<(Guid Tenant, Guid Operation)> SignUpAsync()
    {
        var (tenant, operation) = await application.SignUpStarterAsync();
        Assert.Equal("succeeded", (string?)(await application.OperationAsync(operation, Ended))["state"]);
        return (tenant, operation);
    }

    private async Task<TenantDatabaseAddress> DatabaseOfAsync(Guid tenant)
    {
        var placement = await application.Services.GetRequiredService<PlacementStore>().GetAsync(tenant, default);
        var databases = application.Services.GetRequiredService<TenantDatabaseStore>();
        return await databases.GetAsync(placement.DatabaseId!.Value, default);
    }

    // To a shared server, and cancelled before anything has begun.
    private async Task<FailoverInput> AcceptFailoverAsync(Guid tenant)
    {
        var serving = await application.Services.GetRequiredService<PlacementStore>().GetAsync(tenant, default);
        var operation = Guid.CreateVersion7();
        return await application.Services.GetRequiredService<ControlDatabase>().TransactAsync(async transaction =>
        {
            var home = await PlacementStore.NextHomeAsync(transaction, tenant, default);
            Assert.NotNull(
                await ServerStore.TryReserveAsync(transaction, tenant, home, "fsn1", TimeSpan.FromHours(1), default));
            var input = new FailoverInput(
                operation,
                tenant,
                new MovingHome(home, HostingProvider.Hetzner, operation),
                Stands: false,
                new StepRetries(1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
                RetryWindow: TimeSpan.FromHours(1),
                SettleFor: TimeSpan.FromSeconds(30));
            await OperationStore.AddAsync(
                transaction, new PlannedOperation(operation, "emergency", tenant, nameof(FailOver), input, []), default);
            await PlacementStore.AddHomeAsync(
                transaction,
                serving with { Home = home, Provider = HostingProvider.Hetzner, Region = "fsn1" },
                operation,
                default);
            await FailoverStore.AddAsync(
                transaction,
                new Failover
                {
                    OperationId = operation,
                    TenantId = tenant,
                    State = FailoverState.Preparing,
                    Reason = "It burns.",
                    Importance = 1,
                    SourceHome = serving.Home,
                    SourceDatabase = serving.DatabaseId!.Value,
                    TargetHome = home,
                },
                new ReplacedOperations(Failover: null, Move: null),
                new HomeCondition(HomePresence.Silent, Epoch: null, "No connection."),
                default);
            await FailoverStore.TryEnterAsync(transaction, operation, FailoverState.Undoing, default);
            return input;
        });
    }

    // A shared server whose database is the tenant's.
    private async Task<Guid> AddServerAsync(Guid tenant, bool serves = true)
    {
        var placement = await application.Services.GetRequiredService<PlacementStore>().GetAsync(tenant, default);
        var server = new Server
        {
            Id = Guid.CreateVersion7(),
            Name = $"ax52-{Random.Shared.Next()}",
            ProviderServerNumber = Random.Shared.Next(),
            Region = "fsn1",
            Address = "192.0.2.1",
            State = ServerState.Accepting,
            DatabaseId = placement.DatabaseId!.Value,
            Capacity = 10,
            Tenants = 0,
        };
        await application.Services.GetRequiredService<ControlDatabase>().TransactAsync(async transaction =>
        {
            await ServerStore.AddAsync(transaction, server, default);
            return true;
        });
        if (serves)
        {
            await ExecuteAsync("UPDATE homes SET server_id = $2 WHERE tenant_id = $1", tenant, server.Id);
        }

        return server.Id;
    }

    private async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        await connection.Sql(sql, values).RunAsync();
    }
}
