using System.Net;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Functions.Tests.Hosting;
using WebHost.Operations;
using WebHost.Tests;

namespace WebHost.Functions.Tests.Backups;

public sealed class BackupFunctionsTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>, IAsyncLifetime
{
    private static readonly string[] Europe = ["europe"];

    private Guid _tenantId;

    private BackupIntake Intake => application.Services.GetRequiredService<BackupIntake>();

    private BackupStore Store => application.Services.GetRequiredService<BackupStore>();

    private DurableTaskClient Client => application.Services.GetRequiredService<DurableTaskClient>();

    private BlobContainerClient Files => application.Services.GetRequiredKeyedService<BlobContainerClient>(TenantBackups.Container);

    public async ValueTask InitializeAsync()
    {
        var (tenantId, operationId) = await application.SignUpAsync(
            new { company = "Acme", email = "fleet@acme.example", monthlyBudgetUsd = 49, vehicles = 20, locations = Europe, plan = "starter" });
        _tenantId = tenantId;
        Assert.Equal("succeeded", await EndOfAsync(operationId));
    }

    public async ValueTask DisposeAsync()
    {
        // One that a test has only claimed would count among those at work for ever.
        await RunAsync("UPDATE backups SET state = 'failed' WHERE tenant_id = $1 AND state = 'running'", _tenantId);

        // A container is made with its first file; a test that ended before has none.
        await Files.CreateIfNotExistsAsync();
        await foreach (var blob in Files.GetBlobsAsync(
            Azure.Storage.Blobs.Models.BlobTraits.None, Azure.Storage.Blobs.Models.BlobStates.None, $"{_tenantId:n}/", default))
        {
            await Files.DeleteBlobIfExistsAsync(blob.Name);
        }
    }

    [Fact]
    public async Task A_backup_on_demand_is_made_listed_and_proven()
    {
        var (status, answer) = await application.PostAsync($"tenants/{_tenantId}/backups");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal("succeeded", await EndOfAsync((Guid)answer!["operationId"]!));

        var listed = Assert.Single((await application.GetAsync($"tenants/{_tenantId}/backups"))["items"]!.AsArray())!;
        Assert.Equal(
            ((string?)answer["backupId"], "finished", "on-demand"),
            ((string?)listed["id"], (string?)listed["state"], (string?)listed["reason"]));

        Assert.Equal("succeeded", await ProveAsync((Guid)answer["backupId"]!));
        Assert.NotNull((await Store.GetAsync((Guid)answer["backupId"]!, default)).VerifiedAt);
    }

    [Fact]
    public async Task A_second_backup_of_a_tenant_that_is_being_backed_up_is_refused()
    {
        await application.Services.GetRequiredService<ControlDatabase>().TransactAsync(transaction => BackupStore.AddAsync(
            transaction,
            new Backup
            {
                Id = Guid.CreateVersion7(),
                TenantId = _tenantId,
                State = BackupState.Running,
                Reason = BackupReason.Nightly,
                StartedAt = DateTimeOffset.UtcNow,
            },
            default));

        var (status, problem) = await application.PostAsync($"tenants/{_tenantId}/backups");

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("is being backed up", (string?)problem!["detail"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await application.PostAsync($"tenants/{Guid.NewGuid()}/backups")).Status);
    }

    [Fact]
    public async Task A_backup_that_failed_can_be_tried_again_once()
    {
        var failed = await BackUpAsync();
        await RunAsync("UPDATE operations SET state = 'failed' WHERE id = $1", failed);
        await RunAsync("UPDATE backups SET state = 'failed' WHERE id = $1", failed);

        var (status, answer) = await application.PostAsync($"operations/{failed}/retry");

        Assert.Equal(HttpStatusCode.Accepted, status);
        var again = (Guid)answer!["operationId"]!;
        Assert.NotEqual(failed, again);
        Assert.Equal("succeeded", await EndOfAsync(again));
        Assert.Equal(BackupState.Finished, (await Store.GetAsync(again, default)).State);
        Assert.Equal(HttpStatusCode.Conflict, (await application.PostAsync($"operations/{again}/retry")).Status);
    }

    [Fact]
    public async Task A_backup_whose_orchestration_died_is_failed_and_can_be_tried_again()
    {
        var (reached, released) = (new TaskCompletionSource(), new TaskCompletionSource());
        var hooks = application.Services.GetRequiredService<StepHooks>();
        hooks.Reached = (_, _) =>
        {
            reached.TrySetResult();
            return released.Task;
        };
        var dead = await Intake.StartAsync(Client, _tenantId, BackupReason.OnDemand, default);
        await reached.Task;

        await application.DieAsync(dead);

        hooks.Reached = (_, _) => Task.CompletedTask;
        released.SetResult();
        Assert.Equal(BackupState.Failed, (await Store.GetAsync(dead, default)).State);
        Assert.Contains($"POST /api/operations/{dead}/retry", await application.AdviceAsync(dead), StringComparison.Ordinal);
        var (status, answer) = await application.PostAsync($"operations/{dead}/retry");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal("succeeded", await EndOfAsync((Guid)answer!["operationId"]!));
        Assert.DoesNotContain(
            (await application.GetAsync("alerts"))["items"]!.AsArray(), alert => (string?)alert!["subject"] == dead.ToString());
    }

    [Fact]
    public async Task A_backup_waits_while_its_tenant_is_being_switched_over()
    {
        var home = (long)(await application.GetAsync($"tenants/{_tenantId}"))["epoch"]!;
        var move = Guid.CreateVersion7();
        await RunAsync(
            """
            INSERT INTO operations (id, kind, tenant_id, orchestrator, input, state, created_at)
            VALUES ($1, 'upgrade', $2, 'none', '{}', 'running', now() + interval '1 day')
            """,
            move, _tenantId);
        await RunAsync(
            """
            INSERT INTO moves (operation_id, tenant_id, kind, state, epoch, source_home, target_home)
            VALUES ($1, $2, 'upgrade', 'switching', $3, $3, $3)
            """,
            move, _tenantId, home);

        var backup = await Intake.StartAsync(Client, _tenantId, BackupReason.OnDemand, default);

        var waiting = await application.OperationAsync(
            backup, operation => (string?)operation["state"] == "waiting" && operation["steps"]![0]!["detail"] is not null);
        Assert.Equal($"Migration {move} is switching.", (string?)waiting["steps"]![0]!["detail"]);
        Assert.Equal(BackupState.Running, (await Store.GetAsync(backup, default)).State);
        await RunAsync("UPDATE moves SET state = 'undone', ended_at = now() WHERE operation_id = $1", move);
        await RunAsync("UPDATE operations SET state = 'cancelled', finished_at = now() WHERE id = $1", move);
        Assert.Equal("succeeded", await EndOfAsync(backup));
    }

    [Fact]
    public async Task Nightly_backups_are_started_from_their_hour_on_as_many_at_once_as_may_and_each_once_a_night()
    {
        await SignUpAnotherAsync();
        var settings = application.Services.GetRequiredService<Settings>();
        var tomorrow = new DateTimeOffset(DateTimeOffset.UtcNow.Date.AddDays(1).AddHours(settings.Backups.Hour), TimeSpan.Zero);
        var before = await Store.ListDueAsync(tomorrow.AddMinutes(-1), tomorrow, 100, default);
        Assert.Contains(_tenantId, before);

        await At(tomorrow.AddMinutes(1)).StartDueAsync(Client, default);
        var first = await StartedSinceAsync(tomorrow);
        await At(tomorrow.AddMinutes(2)).StartDueAsync(Client, default);

        Assert.Single(first);
        Assert.Equal(first, await StartedSinceAsync(tomorrow));
        foreach (var id in first)
        {
            Assert.Equal("succeeded", await EndOfAsync(id));
        }

        await RunAsync("UPDATE backups SET finished_at = started_at WHERE started_at >= $1", tomorrow.UtcDateTime);
        await At(tomorrow.AddMinutes(3)).StartDueAsync(Client, default);
        var second = await StartedSinceAsync(tomorrow);
        Assert.Equal(2, second.Count);
        Assert.Equal(2, second.Distinct().Count());

        // As many as one may run at once, in place of the settings' four.
        BackupIntake At(DateTimeOffset now) => ActivatorUtilities.CreateInstance<BackupIntake>(
            application.Services,
            new FixedClock(now),
            settings with { Backups = settings.Backups with { AtOnce = 1 } });
    }

    [Fact]
    public async Task A_damaged_backup_raises_an_alert_until_a_good_one_is_proven()
    {
        var backup = await BackUpAsync();
        await foreach (var blob in Files.GetBlobsAsync(
            Azure.Storage.Blobs.Models.BlobTraits.None, Azure.Storage.Blobs.Models.BlobStates.None, $"{_tenantId:n}/{backup:n}/vehicles", default))
        {
            await Files.GetBlobClient(blob.Name).UploadAsync(new BinaryData("no rows"), overwrite: true);
        }

        Assert.Equal("failed", await ProveAsync(backup));
        Assert.Contains(await AlertsAsync(), alert => (string?)alert!["kind"] == "backup-damaged");

        Assert.Equal("succeeded", await ProveAsync(await BackUpAsync()));
        Assert.DoesNotContain(await AlertsAsync(), alert => (string?)alert!["kind"] == "backup-damaged");
    }

    private async Task<IReadOnlyList<Guid>> StartedSinceAsync(DateTimeOffset moment)
    {
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        return await connection.Sql("SELECT id FROM backups WHERE started_at >= $1 ORDER BY started_at", moment)
            .ListAsync(row => row.GetGuid(0));
    }

    private async Task SignUpAnotherAsync() => Assert.Equal("succeeded", await EndOfAsync((await application.SignUpAsync(
        new { company = "Other", email = "fleet@other.example", monthlyBudgetUsd = 49, vehicles = 20, locations = Europe, plan = "starter" }))
        .OperationId));

    private async Task RunAsync(string sql, params object[] values)
    {
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        await connection.Sql(sql, values).RunAsync();
    }

    private async Task<Guid> BackUpAsync()
    {
        var id = await Intake.StartAsync(Client, _tenantId, BackupReason.OnDemand, default);
        Assert.Equal("succeeded", await EndOfAsync(id));
        return id;
    }

    // Chance picks among tenants; other tests' are here as well.
    private async Task<string?> ProveAsync(Guid backupId)
    {
        while (true)
        {
            var operationId = (await Intake.StartProofAsync(Client, default))!.Value;
            var state = await EndOfAsync(operationId);
            if ((await Store.GetAsync(backupId, default)).VerifiedAt is not null)
            {
                return state;
            }
        }
    }

    private async Task<IEnumerable<JsonNode?>> AlertsAsync() =>
        (await application.GetAsync("alerts"))["items"]!.AsArray().Where(alert => (string?)alert!["subject"] == _tenantId.ToString());

    private async Task<string?> EndOfAsync(Guid operationId) =>
        (string?)(await application.OperationAsync(
            operationId, operation => (string?)operation["state"] is "succeeded" or "failed", TimeSpan.FromMinutes(2)))["state"];
}
