using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.Emergency;
using WebHost.OpenApi;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Problems;

namespace WebHost.Migration;

/// <summary>Where operators move tenants, and where tenants get what did not move with them.</summary>
public sealed class MigrationFunctions(
    CallerAuthentication callers,
    MoveIntake intake,
    FailoverIntake failovers,
    FailoverPlanner failoverPlanner,
    PlacementStore placements,
    TenantArchives archives)
{
    /// <summary>Starts to move a tenant, or to fail it over, or says what that would mean.</summary>
    [Function("PostMigration")]
    [Endpoint("Move a tenant to another plan, region or server, or away from a home that is lost; dryRun answers 200 with the plan", Tag = "Migrations", Caller = "operator", Request = typeof(MigrationRequest), Response = typeof(MigrationAnswer), Status = 202)]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "tenants/{tenantId:guid}/migrations")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var wanted = await request.ReadJsonAsync<MigrationRequest>(cancellationToken);
        var kind = wanted.Kind ?? throw ProblemException.BadRequest(
            "kind", $"kind must be one of: {string.Join(", ", Json.WireName.All<MigrationKind>())}.");
        return kind == MigrationKind.Emergency
            ? await FailOverAsync(client, tenantId, wanted, cancellationToken)
            : await MoveAsync(client, tenantId, Enum.Parse<MoveKind>(kind.ToString()), wanted, cancellationToken);
    }

    /// <summary>The history that a tenant's plans have not retained.</summary>
    [Function("ListArchives")]
    [Endpoint("List the archived history of a tenant, newest first", Tag = "Migrations", Caller = "operator or tenant", Response = typeof(Page<TenantArchive>))]
    public async Task<IActionResult> ListArchives(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/archives")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        _ = await placements.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
        return Requests.Answer(new Page<TenantArchive>(await archives.ListAsync(tenantId, cancellationToken), null));
    }

    /// <summary>An archive as a ZIP file.</summary>
    [Function("GetArchive")]
    [Endpoint("Download archived history as a ZIP file", Tag = "Migrations", Caller = "operator or tenant", MediaType = "application/zip")]
    public async Task<IActionResult> GetArchive(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/archives/{archiveId:guid}")] HttpRequest request,
        Guid tenantId,
        Guid archiveId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var manifest = await archives.FindAsync(tenantId, archiveId, cancellationToken)
            ?? throw ProblemException.NotFound(
                $"Tenant {tenantId} has no archive {archiveId}. GET /api/tenants/{tenantId}/archives lists them.");
        var response = request.HttpContext.Response;
        response.ContentType = "application/zip";
        response.Headers.ContentDisposition = $"attachment; filename=\"{archiveId}.zip\"";
        // ZipArchive ends each file with a small write that knows no asynchronous form.
        request.HttpContext.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        await archives.WriteAsync(manifest, response.Body, cancellationToken);
        return new EmptyResult();
    }

    private async Task<IActionResult> MoveAsync(
        DurableTaskClient client, Guid tenantId, MoveKind kind, MigrationRequest wanted, CancellationToken cancellationToken)
    {
        var assessment = await intake.AssessAsync(
            tenantId, new MoveRequest(kind, wanted.Plan, wanted.Region, wanted.AcceptArchive), cancellationToken);
        if (assessment.Plan is not { } plan)
        {
            throw ProblemException.Unprocessable(assessment.Obstacles
                .GroupBy(obstacle => obstacle.Rule, obstacle => obstacle.Text)
                .ToDictionary(group => group.Key, group => group.ToArray()));
        }

        if (wanted.DryRun)
        {
            return Requests.Answer(plan);
        }

        return Accepted(await intake.StartAsync(client, tenantId, plan, cancellationToken));
    }

    private async Task<IActionResult> FailOverAsync(
        DurableTaskClient client, Guid tenantId, MigrationRequest wanted, CancellationToken cancellationToken)
    {
        var request = new FailoverRequest(
            FailoverFunctions.ReasonOf(wanted.Reason), wanted.Target, wanted.Region, wanted.Force);
        return wanted.DryRun
            ? Requests.Answer(await failoverPlanner.PlanAsync(tenantId, request, cancellationToken))
            : Accepted(await failovers.StartAsync(client, tenantId, request, cancellationToken));
    }

    private static IActionResult Accepted(Guid operationId) => Requests.Answer(
        new MigrationAnswer(operationId, $"/api/operations/{operationId}"), StatusCodes.Status202Accepted);
}

/// <summary>Where a tenant should live.</summary>
public sealed record MigrationRequest
{
    /// <summary>To a dearer plan, to a cheaper one, to another region or server on the same, or away from a home that is lost.</summary>
    public MigrationKind? Kind { get; init; }

    /// <summary>The plan; the next one in that direction when absent.</summary>
    public PlanId? Plan { get; init; }

    /// <summary>The provider's region code; the one that suits the fleet best when absent.</summary>
    public string? Region { get; init; }

    /// <summary>Whether only to say what it would mean.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether history that the new plan does not retain may leave for the archive.</summary>
    public bool AcceptArchive { get; init; }

    /// <summary>Emergency: whose infrastructure the new home is to be on; whichever serves fastest when absent.</summary>
    public HostingProvider? Target { get; init; }

    /// <summary>Emergency: whether to do it although the home answers, or another failover is at work.</summary>
    public bool Force { get; init; }

    /// <summary>Emergency: why, for the report; at most 500 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary>Why a tenant changes homes.</summary>
public enum MigrationKind
{
    /// <summary>To a dearer plan.</summary>
    Upgrade,

    /// <summary>To a cheaper plan.</summary>
    Downgrade,

    /// <summary>To another region or server on the plan that it has.</summary>
    Relocate,

    /// <summary>Its home is lost.</summary>
    Emergency,
}

/// <summary>The answer to an accepted migration.</summary>
/// <param name="OperationId">Its operation.</param>
/// <param name="StatusUrl">Where to watch it.</param>
public sealed record MigrationAnswer(Guid OperationId, string StatusUrl);
