using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.Migration;
using WebHost.OpenApi;
using WebHost.Problems;

namespace WebHost.Backups;

/// <summary>Where operators have brought back what a tenant had at a moment. What the tenant has stays as it is.</summary>
public sealed class RestoreFunctions(
    CallerAuthentication callers, RestoreIntake intake, ScratchDatabases scratch, TenantArchives archives)
{
    /// <summary>Restores for download, or says how that would be done.</summary>
    [Function("PostRestore")]
    [Endpoint("Restore a tenant as of a moment, for download; dryRun answers 200 with the plan", Tag = "Backups", Caller = "operator", Request = typeof(RestoreContent), Response = typeof(RestoreAnswer), Status = 202)]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "tenants/{tenantId:guid}/restores")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var wanted = await request.ReadJsonAsync<RestoreContent>(cancellationToken);
        var assessment = await intake.AssessAsync(tenantId, new RestoreRequest(wanted.To, wanted.BackupId), cancellationToken);
        if (assessment.Plan is not { } plan)
        {
            throw ProblemException.Unprocessable(assessment.Obstacles);
        }

        if (wanted.DryRun)
        {
            return Requests.Answer(plan);
        }

        var id = await intake.StartAsync(client, plan, cancellationToken);
        return Requests.Answer(
            new RestoreAnswer(id, id, $"/api/tenants/{tenantId}/archives/{id}", $"/api/operations/{id}", plan.Notes),
            StatusCodes.Status202Accepted);
    }

    /// <summary>Deletes what was restored weeks ago, and databases that nobody restores into any more.</summary>
    [Function("SweepRestores")]
    public async Task Sweep([TimerTrigger("0 20 * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        await archives.ExpireRestoresAsync(cancellationToken);
        await scratch.DropForgottenAsync(cancellationToken);
    }
}

/// <summary>What should be restored. A misspelt time would restore everything: names that are not known here are refused.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RestoreContent
{
    /// <summary>
    /// What had been accepted until this moment. When absent: exactly what is in the backup named, or everything when none is.
    /// </summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>From this backup; from the newest one before the moment when absent.</summary>
    public Guid? BackupId { get; init; }

    /// <summary>Whether only to say how it would be done.</summary>
    public bool DryRun { get; init; }
}

/// <summary>The answer to an accepted restore.</summary>
/// <param name="OperationId">Its operation.</param>
/// <param name="ArchiveId">The archive, once the operation has succeeded.</param>
/// <param name="ArchiveUrl">Where to download it then, as a ZIP file.</param>
/// <param name="StatusUrl">Where to watch it.</param>
/// <param name="Notes">What will not be as it was at that moment.</param>
public sealed record RestoreAnswer(
    Guid OperationId, Guid ArchiveId, string ArchiveUrl, string StatusUrl, IReadOnlyList<string> Notes);
