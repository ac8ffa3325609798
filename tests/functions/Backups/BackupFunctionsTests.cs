using System.Net;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Backups;
using WebHost.Data;
using WebHost.Functions.Tests.Hosting;

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

        var proof = await Intake.StartProofAsync(Client, default);

        Assert.Equal("succeeded", await EndOfAsync(proof!.Value));
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
        (string?)(await application.OperationAsync(operationId, operation => (string?)operation["state"] is "succeeded" or "failed"))["state"];
}
