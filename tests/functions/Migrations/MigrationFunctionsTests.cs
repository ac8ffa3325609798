using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebHost.Data;
using WebHost.Functions.Tests.Hosting;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Functions.Tests.Migrations;

public sealed class MigrationFunctionsTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    private static readonly DateTimeOffset LongAgo = new(DateTime.UtcNow.Date.AddDays(-60), TimeSpan.Zero);

    [Fact]
    public async Task Dry_run_answers_the_plan_and_changes_nothing()
    {
        var tenant = await AddTenantAsync();
        var before = await application.GetAsync($"tenants/{tenant}");

        var (status, plan) = await MoveAsync(tenant, new { kind = "upgrade", dryRun = true });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(("starter", "professional"), ((string?)plan!["from"]!["plan"], (string?)plan["to"]!["plan"]));
        Assert.True((long)plan["estimatedSeconds"]! > 0);
        Assert.NotEmpty(plan["reasons"]!.AsArray());
        Assert.True(JsonNode.DeepEquals(before, await application.GetAsync($"tenants/{tenant}")));
        Assert.Single((await application.GetAsync($"operations?tenantId={tenant}"))["items"]!.AsArray());
    }

    [Fact]
    public async Task Tenant_that_has_moved_can_be_kept_there_once_and_moves_no_second_time_before()
    {
        var tenant = await AddTenantAsync();
        var (target, operation) = await RelocateAsync(tenant);
        await WaitsForDecisionAsync(operation);

        await RefusesAsync($"tenants/{tenant}/migrations", "can still be taken back", new { kind = "upgrade" });
        await RefusesAsync($"operations/{operation}/cancel", "that is verified cannot be cancelled");
        await RefusesAsync($"operations/{operation}/retry", "No step of migration");
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/commit")).Status);
        var done = await application.OperationAsync(operation, Ended);

        Assert.Equal("succeeded", (string?)done["state"]);
        Assert.Equal(7, done["steps"]!.AsArray().Count);
        Assert.True((double)done["figures"]!["cutover"]!["pauseMilliseconds"]! > 0);
        Assert.Equal(target, (string?)(await application.GetAsync($"tenants/{tenant}"))["infrastructure"]!["region"]);
        await RefusesAsync($"operations/{operation}/commit", "that is committed cannot be committed");
        await RefusesAsync($"operations/{operation}/rollback", "that is committed cannot be rolled back");
    }

    [Fact]
    public async Task Tenant_that_has_moved_can_be_taken_back()
    {
        var tenant = await AddTenantAsync();
        var before = await application.GetAsync($"tenants/{tenant}");
        var (_, operation) = await RelocateAsync(tenant);
        await WaitsForDecisionAsync(operation);

        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/rollback")).Status);
        var done = await application.OperationAsync(operation, Ended);

        Assert.Equal("rolled-back", (string?)done["state"]);
        var after = await application.GetAsync($"tenants/{tenant}");
        Assert.True(JsonNode.DeepEquals(before["infrastructure"]!["region"], after["infrastructure"]!["region"]));
    }

    [Fact]
    public async Task Tenant_whose_old_home_is_lost_on_the_way_back_is_served_and_can_be_kept_where_it_is()
    {
        var tenant = await AddTenantAsync();
        var left = await PlacementOfAsync(tenant);
        var (target, operation) = await RelocateAsync(tenant);
        await WaitsForDecisionAsync(operation);
        await BreakAsync(tenant, left.DatabaseId!.Value);

        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/rollback")).Status);
        await application.OperationAsync(operation, it => Ended(it) || (string?)it["error"]?["step"] == nameof(GoBack));
        using var vehicle = await application.Http.PutAsJsonAsync($"tenants/{tenant}/vehicles/v1", new { name = "Van" });
        vehicle.EnsureSuccessStatusCode();
        await RefusesAsync($"operations/{operation}/cancel", "that is going-back cannot be cancelled");

        // As an attempt leaves it whose process dies in the middle.
        await application.Services.GetRequiredService<Fence>().CloseAsync(
            await DatabaseAsync(tenant), tenant, (await PlacementOfAsync(tenant)).Epoch, Guid.NewGuid(), TimeSpan.FromSeconds(5), default);
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/commit")).Status);

        var done = await application.OperationAsync(operation, Ended);
        Assert.True((string?)done["state"] == "succeeded" && done["error"] is null, done.ToJsonString());
        using var changed = await application.Http.PutAsJsonAsync($"tenants/{tenant}/vehicles/v2", new { name = "Lorry" });
        changed.EnsureSuccessStatusCode();
        Assert.Equal(target, (string?)(await application.GetAsync($"tenants/{tenant}"))["infrastructure"]!["region"]);
        await RefusesAsync($"operations/{operation}/rollback", "that is committed cannot be rolled back");
    }

    [Fact]
    public async Task Move_under_way_is_the_only_one_and_can_be_cancelled_but_not_committed()
    {
        var tenant = await AddTenantAsync();
        var (_, operation) = await RelocateAsync(tenant);

        await RefusesAsync($"tenants/{tenant}/migrations", "is under way", new { kind = "upgrade" });
        await RefusesAsync($"operations/{operation}/commit", "cannot be committed");
        await RefusesAsync($"operations/{operation}/rollback", "cannot be rolled back");
        Assert.Equal(HttpStatusCode.Accepted, (await application.PostAsync($"operations/{operation}/cancel")).Status);

        Assert.Equal("cancelled", (string?)(await application.OperationAsync(operation, Ended))["state"]);
    }

    [Fact]
    public async Task Impossible_move_answers_422_with_every_reason()
    {
        var tenant = await AddTenantAsync(compliance: "hipaa");

        var (status, problem) = await MoveAsync(tenant, new { kind = "downgrade", region = "mars" });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        var errors = problem!["errors"]!.AsObject();
        Assert.Contains("hobby is on shared", (string?)errors["compliance"]![0], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("mars", (string?)errors["region"]![0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"kind":"sideways"}""")]
    public async Task Request_without_a_kind_that_is_known_answers_400(string body)
    {
        var (status, _) = await MoveAsync(Guid.NewGuid(), JsonNode.Parse(body)!);

        Assert.Equal(HttpStatusCode.BadRequest, status);
    }

    [Fact]
    public async Task What_is_not_there_answers_404_and_what_is_no_migration_409()
    {
        var (tenant, provisioning) = await SignUpAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await MoveAsync(Guid.NewGuid(), new { kind = "upgrade" })).Status);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"tenants/{tenant}/archives/{Guid.NewGuid()}"));
        foreach (var verb in (string[])["cancel", "commit", "rollback"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await application.PostAsync($"operations/{Guid.NewGuid()}/{verb}")).Status);
            await RefusesAsync($"operations/{provisioning}/{verb}", "Only a migration");
        }
    }

    [Fact]
    public async Task Only_operators_move_tenants()
    {
        var tenant = await AddTenantAsync();
        var key = await KeyAsync(tenant);

        foreach (var path in (string[])[$"tenants/{tenant}/migrations", $"operations/{Guid.NewGuid()}/commit"])
        {
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(path, HttpMethod.Post, key));
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(path, HttpMethod.Post, "nobody's"));
        }
    }

    [Fact]
    public async Task Archive_is_listed_and_downloaded_by_its_tenant_and_nobody_elses()
    {
        var (tenant, other) = (await AddTenantAsync(), await AddTenantAsync());
        var (key, foreign) = (await KeyAsync(tenant), await KeyAsync(other));
        var archive = Guid.CreateVersion7();
        var manifest = await ArchiveAsync(tenant, archive);

        using var client = Client(key);
        var listed = (await client.GetFromJsonAsync<JsonNode>($"tenants/{tenant}/archives"))!["items"]!.AsArray();
        await using var zip = await ZipArchive.CreateAsync(
            await client.GetStreamAsync($"tenants/{tenant}/archives/{archive}"), ZipArchiveMode.Read, leaveOpen: false, null);

        var item = Assert.Single(listed);
        Assert.Equal((archive, manifest.Rows), ((Guid)item!["id"]!, (long)item["rows"]!));
        Assert.NotEmpty(manifest.Chunks);
        Assert.Equal(
            manifest.Chunks.Select(chunk => Path.GetFileName(chunk.Blob)).Prepend("manifest.json"),
            zip.Entries.Select(entry => entry.FullName));
        Assert.All(zip.Entries, entry => Assert.True(entry.Length > 0));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync($"tenants/{tenant}/archives", HttpMethod.Get, foreign));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync($"tenants/{tenant}/archives/{archive}", HttpMethod.Get, foreign));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"tenants/{other}/archives/{archive}", HttpMethod.Get, foreign));
        Assert.Empty((await application.GetAsync($"tenants/{other}/archives"))["items"]!.AsArray());
    }

    [Fact]
    public async Task Old_point_that_arrives_when_its_day_has_been_archived_moves_with_the_tenant()
    {
        var tenant = await AddTenantAsync();
        await AddServerAsync();
        await AddOldPointAsync(tenant, minute: 1);
        var hooks = application.Services.GetRequiredService<StepHooks>();
        hooks.Reached = (_, place) =>
            place == StepHooks.After + nameof(ArchiveHistory) ? AddOldPointAsync(tenant, minute: 2) : Task.CompletedTask;

        var (_, accepted) = await MoveAsync(tenant, new { kind = "downgrade", acceptArchive = true });
        await WaitsForDecisionAsync((Guid)accepted!["operationId"]!);

        hooks.Reached = (_, _) => Task.CompletedTask;
        var archive = Assert.Single((await application.GetAsync($"tenants/{tenant}/archives"))["items"]!.AsArray());
        Assert.Equal(1, (long)archive!["rows"]!);
        await using var connection = await OpenDatabaseAsync(tenant);
        Assert.Equal(
            [LongAgo.AddMinutes(2)],
            await connection.Sql("SELECT fix_time FROM fleet.points WHERE customer_id = $1", tenant)
                .ListAsync(row => row.GetFieldValue<DateTimeOffset>(0)));
    }

    private static bool Ended(JsonNode operation) =>
        (string?)operation["state"] is "succeeded" or "failed" or "cancelled" or "rolled-back";

    private Task<(HttpStatusCode Status, JsonNode? Body)> MoveAsync(Guid tenant, object request) =>
        application.PostAsync($"tenants/{tenant}/migrations", request);

    private async Task<(string Target, Guid Operation)> RelocateAsync(Guid tenant)
    {
        var region = (string?)(await application.GetAsync($"tenants/{tenant}"))["infrastructure"]!["region"];
        var target = region == "ams" ? "fra" : "ams";
        var (status, accepted) = await MoveAsync(tenant, new { kind = "relocate", region = target });
        Assert.True(status == HttpStatusCode.Accepted, accepted?.ToJsonString());
        return (target, (Guid)accepted!["operationId"]!);
    }

    private async Task WaitsForDecisionAsync(Guid operation)
    {
        var waiting = await application.OperationAsync(operation, it => Ended(it) || (string?)it["state"] == "waiting");
        Assert.True((string?)waiting["state"] == "waiting" && waiting["error"] is null, waiting.ToJsonString());
    }

    private async Task RefusesAsync(string path, string reason, object? body = null)
    {
        var (status, problem) = await application.PostAsync(path, body);

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains(reason, (string?)problem!["detail"], StringComparison.Ordinal);
    }

    private async Task<Guid> AddTenantAsync(string? compliance = null) => (await SignUpAsync(compliance)).Tenant;

    private async Task<(Guid Tenant, Guid Operation)> SignUpAsync(string? compliance = null)
    {
        var (tenant, operation) = await application.SignUpStarterAsync(compliance is null ? [] : [compliance]);
        Assert.Equal("succeeded", (string?)(await application.OperationAsync(operation, Ended))["state"]);
        return (tenant, operation);
    }

    private async Task<string> KeyAsync(Guid tenant) =>
        (string)(await application.PostAsync($"tenants/{tenant}/keys")).Body!["key"]!;

    private async Task<ExportManifest> ArchiveAsync(Guid tenant, Guid archive)
    {
        using var vehicle = await application.Http.PutAsJsonAsync($"tenants/{tenant}/vehicles/v1", new { name = "Van" });
        vehicle.EnsureSuccessStatusCode();
        return await application.Services.GetRequiredService<TenantExport>().RunAsync(
            await DatabaseAsync(tenant), tenant, Move.ArchivesOf(tenant) + archive.ToString("n"), DayRange.All, null, default);
    }

    private async Task<TenantDatabaseAddress> DatabaseAsync(Guid tenant)
    {
        var placement = await PlacementOfAsync(tenant);
        return await application.Services.GetRequiredService<TenantDatabaseStore>().GetAsync(placement.DatabaseId!.Value, default);
    }

    private async Task<NpgsqlConnection> OpenDatabaseAsync(Guid tenant) =>
        await application.Services.GetRequiredService<MovingConnections>().OpenAsync(await DatabaseAsync(tenant), default);

    // Within what starter retains, beyond what hobby does.
    private async Task AddOldPointAsync(Guid tenant, int minute)
    {
        await using var connection = await OpenDatabaseAsync(tenant);
        await connection.Sql("SELECT fleet.ensure_partition($1::date)", LongAgo).RunAsync();
        await connection.Sql(
            """
            INSERT INTO fleet.points (customer_id, device_id, fix_time, position, received_at)
            VALUES ($1, md5('d')::uuid, $2, 'SRID=4326;POINT(14 46)', now())
            """,
            tenant, LongAgo.AddMinutes(minute)).RunAsync();
    }

    private async Task AddServerAsync()
    {
        using var delivered = await application.Simulators.PostAsync("seed/hetzner-server", null);
        var server = (await delivered.Content.ReadFromJsonAsync<JsonNode>())!;
        var (status, answer) = await application.PostAsync(
            "servers",
            new
            {
                name = "ax52-1",
                providerServerNumber = (long)server["serverNumber"]!,
                region = "fsn1",
                address = (string)server["serverIp"]!,
                capacity = 150,
                database = server["database"],
            });
        Assert.True(status == HttpStatusCode.Created, answer?.ToJsonString());
    }

    private Task<TenantPlacement> PlacementOfAsync(Guid tenant) =>
        application.Services.GetRequiredService<PlacementStore>().GetAsync(tenant, default);

    // The home that was left is lost, and so is the process that went back: the placement leads to the target again, which
    // had handed over. Nobody listens at port 1.
    private async Task BreakAsync(Guid tenant, Guid lost)
    {
        var serving = await PlacementOfAsync(tenant);
        var databases = application.Services.GetRequiredService<TenantDatabaseStore>();
        var database = await databases.GetAsync(serving.DatabaseId!.Value, default);
        var (fence, holder) = (application.Services.GetRequiredService<Fence>(), Guid.NewGuid());
        await fence.CloseAsync(database, tenant, serving.Epoch, holder, TimeSpan.FromSeconds(5), default);
        await fence.HandOverAsync(database, tenant, serving.Epoch, holder, default);
        await application.Services.GetRequiredService<ControlDatabase>().TransactAsync(async transaction =>
        {
            await transaction.Sql("UPDATE databases SET port = 1 WHERE id = $1", lost).RunAsync();
            return await PlacementStore.MoveAsync(
                transaction, tenant, serving.Epoch, serving.Epoch + 2, serving.Home, default);
        });
    }

    private HttpClient Client(string key) => new()
    {
        BaseAddress = application.Http.BaseAddress,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
    };

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await application.Http.GetAsync(path);
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> StatusAsync(string path, HttpMethod method, string key)
    {
        using var client = Client(key);
        using var request = new HttpRequestMessage(method, path);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
