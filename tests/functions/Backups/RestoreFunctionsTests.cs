using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebHost.Data;
using WebHost.Functions.Tests.Hosting;
using WebHost.Testing;

namespace WebHost.Functions.Tests.Backups;

/// <summary>Operators have brought back what a tenant had at a moment.</summary>
public sealed class RestoreFunctionsTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>, IAsyncLifetime
{
    private static readonly string[] Europe = ["europe"];
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    private Guid _tenantId;
    private Guid _deviceId;
    private string _token = "";
    private int _posted;

    public async ValueTask InitializeAsync()
    {
        var (tenantId, operationId) = await application.SignUpAsync(
            new { company = "Acme", email = "fleet@acme.example", monthlyBudgetUsd = 49, vehicles = 20, locations = Europe, plan = "starter" });
        _tenantId = tenantId;
        Assert.Equal("succeeded", (string?)(await EndOfAsync(operationId))["state"]);
        var (_, device) = await application.PostAsync($"tenants/{_tenantId}/devices", new { name = "Tracker" });
        (_deviceId, _token) = ((Guid)device!["deviceId"]!, (string)device["token"]!);
    }

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task Restore_to_a_moment_is_what_was_accepted_until_then_and_the_tenant_keeps_what_it_has()
    {
        await PutVehicleAsync("Before");
        var first = await PostPointsAsync(40);
        var backup = await BackUpAsync();
        var second = await PostPointsAsync(25);
        await PutVehicleAsync("After");
        var moment = DateTimeOffset.UtcNow;
        var third = await PostPointsAsync(10);

        var (planned, plan) = await application.PostAsync($"tenants/{_tenantId}/restores", new { to = moment, dryRun = true });
        var (status, answer) = await application.PostAsync($"tenants/{_tenantId}/restores", new { to = moment });

        Assert.True(planned == HttpStatusCode.OK, plan?.ToJsonString());
        Assert.Equal(backup, (Guid)plan!["backup"]!["id"]!);
        Assert.Contains("as they were", (string?)Assert.Single(plan["notes"]!.AsArray()), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, status);
        var operation = await EndOfAsync((Guid)answer!["operationId"]!);
        Assert.True((string?)operation["state"] == "succeeded", operation.ToJsonString());
        Assert.Equal((Guid)answer["operationId"]!, Assert.Single(await OperationsAsync()));
        await using var zip = await OpenAsync((string)answer["archiveUrl"]!);
        Assert.Equal(
            first.Concat(second),
            (await RestoredFile.ReadAsync(zip, "points", "fix_time")).Select(RestoredFile.Time).Order());
        Assert.Equal(["Before"], (await RestoredFile.ReadAsync(zip, "vehicles", "name")).Select(Encoding.UTF8.GetString));
        Assert.Equal(
            (backup, 0, 65),
            (
                (Guid)operation["figures"]!["restore"]!["backup"]!["id"]!,
                (int)operation["figures"]!["restore"]!["faultCount"]!,
                (int)operation["figures"]!["archive"]!["tables"]!["points"]!));

        Assert.Equal(first.Concat(second).Concat(third), await TrackAsync());
        Assert.Equal(("After", "restore"), (await VehicleNameAsync(), await KindOfAsync((Guid)answer["archiveId"]!)));
        await AssertNoScratchDatabaseAsync((Guid)answer["operationId"]!);
    }

    [Fact]
    public async Task Restore_of_a_backup_alone_is_what_was_in_it()
    {
        var first = await PostPointsAsync(30);
        var backup = await BackUpAsync();
        await PostPointsAsync(10);

        var (_, answer) = await application.PostAsync($"tenants/{_tenantId}/restores", new { backupId = backup });

        Assert.Equal("succeeded", (string?)(await EndOfAsync((Guid)answer!["operationId"]!))["state"]);
        await using var zip = await OpenAsync((string)answer["archiveUrl"]!);
        Assert.Equal(first, (await RestoredFile.ReadAsync(zip, "points", "fix_time")).Select(RestoredFile.Time).Order());
    }

    [Fact]
    public async Task Restore_that_is_impossible_is_refused_with_every_reason_and_nothing_begins()
    {
        var (status, problem) = await application.PostAsync(
            $"tenants/{_tenantId}/restores", new { to = DateTimeOffset.UtcNow.AddHours(1), backupId = Guid.NewGuid() });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(["backupId", "to"], problem!["errors"]!.AsObject().Select(error => error.Key).Order());
        Assert.Equal(HttpStatusCode.NotFound, (await application.PostAsync($"tenants/{Guid.NewGuid()}/restores")).Status);
        Assert.Empty(await OperationsAsync());
    }

    [Fact]
    public async Task Second_restore_of_a_tenant_is_refused_while_one_runs_and_one_that_failed_can_be_tried_again()
    {
        var first = await PostPointsAsync(5);
        var (_, answer) = await application.PostAsync($"tenants/{_tenantId}/restores");
        var operationId = (Guid)answer!["operationId"]!;
        await EndOfAsync(operationId);
        await SetOperationAsync(operationId, "running", finished: false);

        var (status, problem) = await application.PostAsync($"tenants/{_tenantId}/restores");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains(operationId.ToString(), (string?)problem!["detail"], StringComparison.Ordinal);

        await SetOperationAsync(operationId, "failed", finished: true);
        var (again, retried) = await application.PostAsync($"operations/{operationId}/retry");
        Assert.Equal(HttpStatusCode.Accepted, again);
        Assert.Equal("succeeded", (string?)(await EndOfAsync((Guid)retried!["operationId"]!))["state"]);
        await using var zip = await OpenAsync($"/api/tenants/{_tenantId}/archives/{retried["operationId"]}");
        Assert.Equal(first, (await RestoredFile.ReadAsync(zip, "points", "fix_time")).Select(RestoredFile.Time).Order());
    }

    // Answers the times of the points once they are in the tenant's table.
    private async Task<List<DateTimeOffset>> PostPointsAsync(int count)
    {
        var times = Enumerable.Range(_posted, count).Select(second => Start.AddSeconds(second)).ToList();
        _posted += count;
        using var answer = await application.Http.PostAsJsonAsync(
            $"gps/{_token}", times.Select((time, i) => new { time, lat = 46 + (i * 1e-4), lon = 14.5 }));
        answer.EnsureSuccessStatusCode();
        await Eventually.IsTrueAsync(async () => (await TrackAsync()).Count == _posted);
        return times;
    }

    private async Task<List<DateTimeOffset>> TrackAsync() =>
    [
        .. (await application.GetAsync($"tenants/{_tenantId}/tracks/{_deviceId}?limit=10000"))["features"]!.AsArray()
            .Select(feature => (DateTimeOffset)feature!["properties"]!["time"]!),
    ];

    private async Task PutVehicleAsync(string name)
    {
        using var answer = await application.Http.PutAsJsonAsync($"tenants/{_tenantId}/vehicles/van", new { name });
        answer.EnsureSuccessStatusCode();
    }

    private async Task<string?> VehicleNameAsync() =>
        (string?)(await application.GetAsync($"tenants/{_tenantId}/vehicles/van"))["name"];

    private async Task<Guid> BackUpAsync()
    {
        var (_, answer) = await application.PostAsync($"tenants/{_tenantId}/backups");
        Assert.Equal("succeeded", (string?)(await EndOfAsync((Guid)answer!["operationId"]!))["state"]);
        return (Guid)answer["backupId"]!;
    }

    private async Task<string?> KindOfAsync(Guid archiveId) =>
        (string?)(await application.GetAsync($"tenants/{_tenantId}/archives"))["items"]!.AsArray()
            .Single(archive => (Guid)archive!["id"]! == archiveId)!["kind"];

    private async Task<List<Guid>> OperationsAsync() =>
    [
        .. (await application.GetAsync($"operations?tenantId={_tenantId}"))["items"]!.AsArray()
            .Where(operation => (string?)operation!["kind"] == "restore").Select(operation => (Guid)operation!["id"]!),
    ];

    private async Task<ZipArchive> OpenAsync(string url)
    {
        var content = await application.Http.GetByteArrayAsync(new Uri(url, UriKind.Relative));
        return await ZipArchive.CreateAsync(new MemoryStream(content), ZipArchiveMode.Read, leaveOpen: false, null);
    }

    private async Task SetOperationAsync(Guid operationId, string state, bool finished)
    {
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        await connection.Sql(
            "UPDATE operations SET state = $2, finished_at = CASE WHEN $3 THEN now() END WHERE id = $1", operationId, state, finished)
            .RunAsync();
    }

    private static async Task AssertNoScratchDatabaseAsync(Guid operationId)
    {
        await using var server = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString) { Pooling = false });
        await using var connection = await server.OpenConnectionAsync();
        Assert.Empty(await connection.Sql("SELECT datname FROM pg_database WHERE datname LIKE $1", $"%{operationId:n}%")
            .ListAsync(row => row.GetString(0)));
    }

    // Each file is an upload, and a blob store that others load as well takes its time.
    private Task<JsonNode> EndOfAsync(Guid operationId) => application.OperationAsync(
        operationId, operation => (string?)operation["state"] is "succeeded" or "failed", TimeSpan.FromMinutes(2));
}
