using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Placement;

namespace WebHost.Backups;

/// <summary>Where operators back tenants up and see what there is, and what is done about it by the clock.</summary>
public sealed class BackupFunctions(
    CallerAuthentication callers,
    BackupIntake intake,
    BackupStore backups,
    PlacementStore placements,
    JournalRetention journal)
{
    /// <summary>Backs a tenant up.</summary>
    [Function("PostBackup")]
    [Endpoint("Back a tenant up now", Tag = "Backups", Caller = "operator", Response = typeof(BackupAnswer), Status = 202)]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "tenants/{tenantId:guid}/backups")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var id = await intake.StartAsync(client, tenantId, BackupReason.OnDemand, cancellationToken);
        return Requests.Answer(new BackupAnswer(id, id, $"/api/operations/{id}"), StatusCodes.Status202Accepted);
    }

    /// <summary>A tenant's backups.</summary>
    [Function("ListBackups")]
    [Endpoint("List a tenant's backups, newest first", Tag = "Backups", Caller = "operator", Response = typeof(Page<Backup>))]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/backups")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        _ = await placements.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
        return Requests.Answer(new Page<Backup>(await backups.ListAsync(tenantId, cancellationToken), null));
    }

    /// <summary>Starts the nightly backups, a few at a time.</summary>
    [Function("StartBackups")]
    public Task StartDue(
        [TimerTrigger("30 * * * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken) =>
        intake.StartDueAsync(client, cancellationToken);

    /// <summary>Restores the newest backup of some tenant, compares it, and throws what it restored away.</summary>
    [Function("ProveBackups")]
    public Task Prove(
        [TimerTrigger("0 50 */6 * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken) =>
        intake.StartProofAsync(client, cancellationToken);

    /// <summary>Removes from the journal what no restore needs any more.</summary>
    [Function("TrimJournal")]
    public Task TrimJournal([TimerTrigger("0 35 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        journal.TrimAsync(cancellationToken);
}

/// <summary>The answer to an accepted backup.</summary>
/// <param name="OperationId">Its operation.</param>
/// <param name="BackupId">The backup, once the operation has succeeded.</param>
/// <param name="StatusUrl">Where to watch it.</param>
public sealed record BackupAnswer(Guid OperationId, Guid BackupId, string StatusUrl);
