using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Backups;
using WebHost.Callers;
using WebHost.Emergency;
using WebHost.Migration;
using WebHost.Monitoring;
using WebHost.OpenApi;
using WebHost.Problems;
using WebHost.Provisioning;
using WebHost.Servers;

namespace WebHost.Operations;

/// <summary>Where operators watch long work and take it up again.</summary>
public sealed class OperationFunctions(
    CallerAuthentication callers,
    OperationStore operations,
    OperationStarter starter,
    SignupIntake intake,
    ServerOrdering ordering,
    MoveIntake moves,
    FailoverIntake failovers,
    BackupIntake backups,
    RestoreIntake restores,
    AlertStore alerts)
{
    private const int LargestPage = 500;

    /// <summary>Operations, newest first.</summary>
    [Function("ListOperations")]
    [Endpoint("List operations, newest first", Tag = "Operations", Caller = "operator", Response = typeof(Page<Operation>), Query = ["tenantId", "before", "limit"])]
    [QueryOneOf<OperationState>("state")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "operations")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var limit = request.QueryNumber("limit", 50, 1, LargestPage);
        var found = await operations.ListAsync(
            request.QueryId("tenantId"), request.QueryOneOf<OperationState>("state"), request.QueryId("before"), limit,
            cancellationToken);
        return Requests.Answer(Page.Of(
            request, found, limit, "/api/operations", ("before", last => last.Id.ToString()), "tenantId", "state"));
    }

    /// <summary>An operation with its steps as they happen.</summary>
    [Function("GetOperation")]
    [Endpoint("Watch an operation's steps", Tag = "Operations", Caller = "operator", Response = typeof(Operation))]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "operations/{operationId:guid}")] HttpRequest request,
        Guid operationId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        return Requests.Answer(await FindAsync(operationId, cancellationToken));
    }

    /// <summary>
    /// Takes a failed provisioning, order of a server, backup or restore, a migration or failover whose step failed, or whatever died,
    /// up again.
    /// </summary>
    [Function("RetryOperation")]
    [Endpoint("Take a failed operation, or one whose step has failed, up again", Tag = "Operations", Caller = "operator", Response = typeof(OperationAnswer), Status = 202)]
    public async Task<IActionResult> Retry(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "operations/{operationId:guid}/retry")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid operationId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var operation = await FindAsync(operationId, cancellationToken);
        if (await starter.RestartAsync(client, operationId, cancellationToken)
            || await moves.RetryAsync(client, operationId, cancellationToken)
            || await failovers.RetryAsync(client, operationId, cancellationToken))
        {
            return Accepted(operationId);
        }

        var again = await intake.RetryAsync(client, operationId, cancellationToken)
            ?? await ordering.RetryAsync(client, operationId, cancellationToken)
            ?? await backups.RetryAsync(client, operation, cancellationToken)
            ?? await restores.RetryAsync(client, operation, cancellationToken)
            ?? throw ProblemException.Conflict(
                $"Operation {operationId} is {Json.WireName.Of(operation.State)}, or its tenant is being provisioned again already. "
                + "Only the failed provisioning of a tenant that has no home, the failed order of a server, a failed backup or "
                + "restore, a migration or failover whose step failed, or an operation that died can be taken up again.");

        // Whoever has it tried again knows.
        await alerts.ResolveAsync(OperationStarter.DiedAlert, operationId.ToString(), cancellationToken);
        return Accepted(again);
    }

    /// <summary>Gives a migration or failover up before its switch.</summary>
    [Function("CancelOperation")]
    [Endpoint("Give a migration or failover up before its switch; everything is taken back", Tag = "Operations", Caller = "operator", Response = typeof(OperationAnswer), Status = 202)]
    public Task<IActionResult> Cancel(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "operations/{operationId:guid}/cancel")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid operationId,
        CancellationToken cancellationToken) =>
        SteerAsync(
            request,
            operationId,
            async () => await moves.CancelAsync(client, operationId, cancellationToken)
                || await failovers.CancelAsync(client, operationId, cancellationToken),
            cancellationToken);

    /// <summary>
    /// Ends the time in which a tenant that has moved can be taken back, or in which a lost home is waited for.
    /// </summary>
    [Function("CommitOperation")]
    [Endpoint("Keep a migration, or wait for a lost home no longer: remove the old home now", Tag = "Operations", Caller = "operator", Response = typeof(OperationAnswer), Status = 202)]
    public Task<IActionResult> Commit(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "operations/{operationId:guid}/commit")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid operationId,
        CancellationToken cancellationToken) =>
        SteerAsync(
            request,
            operationId,
            async () => await moves.CommitAsync(client, operationId, cancellationToken)
                || await failovers.CommitAsync(client, operationId, cancellationToken),
            cancellationToken);

    /// <summary>Takes a tenant that has moved back.</summary>
    [Function("RollBackOperation")]
    [Endpoint("Take a tenant that has moved back, with everything written since", Tag = "Operations", Caller = "operator", Response = typeof(OperationAnswer), Status = 202)]
    public Task<IActionResult> RollBack(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "operations/{operationId:guid}/rollback")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid operationId,
        CancellationToken cancellationToken) =>
        SteerAsync(request, operationId, () => moves.RollBackAsync(client, operationId, cancellationToken), cancellationToken);

    private static IActionResult Accepted(Guid operationId) =>
        Requests.Answer(new OperationAnswer(operationId, $"/api/operations/{operationId}"), StatusCodes.Status202Accepted);

    private async Task<IActionResult> SteerAsync(
        HttpRequest request, Guid operationId, Func<Task<bool>> steer, CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var operation = await FindAsync(operationId, cancellationToken);
        if (operation.State == OperationState.Died)
        {
            // What it is about is in the middle; nobody is there who would do what is asked.
            throw ProblemException.Conflict(
                $"Operation {operationId} has died. POST /api/operations/{operationId}/retry first, which has it go on.");
        }

        return await steer()
            ? Accepted(operationId)
            : throw ProblemException.Conflict(
                $"Operation {operationId} is of kind {operation.Kind}. Only a migration can be cancelled, committed or rolled back, and a failover cancelled or committed.");
    }

    private async Task<Operation> FindAsync(Guid operationId, CancellationToken cancellationToken) =>
        await operations.FindAsync(operationId, cancellationToken)
        ?? throw ProblemException.NotFound($"There is no operation {operationId}. GET /api/operations lists them.");
}

/// <summary>The answer to what is asked of an operation.</summary>
/// <param name="OperationId">The operation that does it: a new one where it was over.</param>
/// <param name="StatusUrl">Where to watch it.</param>
public sealed record OperationAnswer(Guid OperationId, string StatusUrl);
