using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Problems;
using WebHost.Provisioning;
using WebHost.Servers;

namespace WebHost.Operations;

/// <summary>Where operators watch long work and take it up again.</summary>
public sealed class OperationFunctions(
    CallerAuthentication callers, OperationStore operations, SignupIntake intake, ServerOrdering ordering)
{
    private const int LargestPage = 500;

    /// <summary>Operations, newest first.</summary>
    [Function("ListOperations")]
    [Endpoint("List operations, newest first", Tag = "Operations", Caller = "operator", Response = typeof(Page<Operation>), Query = ["tenantId", "state", "before", "limit"])]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "operations")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var limit = request.QueryNumber("limit", 50, 1, LargestPage);
        var found = await operations.ListAsync(
            request.QueryId("tenantId"), request.QueryOneOf<OperationState>("state"), request.QueryId("before"), limit,
            cancellationToken);
        return Requests.Answer(Page.Of(found, limit, "/api/operations", last => last.Id));
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

    /// <summary>Takes a failed provisioning, or a failed order of a server, up again.</summary>
    [Function("RetryOperation")]
    [Endpoint("Take a failed operation up again", Tag = "Operations", Caller = "operator", Response = typeof(RetryAnswer), Status = 202)]
    public async Task<IActionResult> Retry(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "operations/{operationId:guid}/retry")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid operationId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var operation = await FindAsync(operationId, cancellationToken);
        var retried = await intake.RetryAsync(client, operationId, cancellationToken)
            ?? await ordering.RetryAsync(client, operationId, cancellationToken)
            ?? throw ProblemException.Conflict(
                $"Operation {operationId} is {Json.WireName.Of(operation.State)}, or its tenant is being provisioned again already. "
                + "Only the failed provisioning of a tenant that has no home, or the failed order of a server, can be taken up again.");
        return Requests.Answer(new RetryAnswer(retried, $"/api/operations/{retried}"), StatusCodes.Status202Accepted);
    }

    private async Task<Operation> FindAsync(Guid operationId, CancellationToken cancellationToken) =>
        await operations.FindAsync(operationId, cancellationToken)
        ?? throw ProblemException.NotFound($"There is no operation {operationId}. GET /api/operations lists them.");
}

/// <summary>The answer to a retry.</summary>
/// <param name="OperationId">The new operation.</param>
/// <param name="StatusUrl">Where to watch it.</param>
public sealed record RetryAnswer(Guid OperationId, string StatusUrl);
