using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Operations;
using WebHost.Problems;

namespace WebHost.Emergency;

/// <summary>Where operators decide about failovers that are proposed, and what is done about them by the clock.</summary>
public sealed class FailoverProposalFunctions(
    CallerAuthentication callers, FailoverProposals review, FailoverProposalStore proposals, FailoverDecisions decisions)
{
    private const int LargestPage = 500;

    /// <summary>Proposals, newest first.</summary>
    [Function("ListFailoverProposals")]
    [Endpoint("List proposed failovers, newest first", Tag = "Emergency", Caller = "operator", Response = typeof(Page<FailoverProposal>), Query = ["limit"])]
    [QueryOneOf<FailoverProposalState>("state")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "failovers/proposals")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var found = await proposals.ListAsync(
            request.QueryOneOf<FailoverProposalState>("state"),
            request.QueryNumber("limit", 100, 1, LargestPage),
            cancellationToken);
        return Requests.Answer(new Page<FailoverProposal>(found, null));
    }

    /// <summary>Has a proposal carried out.</summary>
    [Function("ApproveFailover")]
    [Endpoint("Fail over what is proposed; repeating it answers the same operation", Tag = "Emergency", Caller = "operator", Response = typeof(OperationAnswer), Status = 202)]
    public async Task<IActionResult> Approve(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "failovers/proposals/{proposalId:guid}/approve")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid proposalId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        _ = await FindAsync(proposalId, cancellationToken);
        var operationId = await decisions.ApproveAsync(client, proposalId, cancellationToken);
        return Requests.Answer(
            new OperationAnswer(operationId, $"/api/operations/{operationId}"), StatusCodes.Status202Accepted);
    }

    /// <summary>Leaves things as they are until the database has answered and is lost again.</summary>
    [Function("DeclineFailover")]
    [Endpoint("Decline a proposed failover; it is proposed again when the database has answered and is lost again", Tag = "Emergency", Caller = "operator", Response = typeof(FailoverProposal))]
    public async Task<IActionResult> Decline(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "failovers/proposals/{proposalId:guid}/decline")] HttpRequest request,
        Guid proposalId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        _ = await FindAsync(proposalId, cancellationToken);
        await proposals.EnterAsync(proposalId, FailoverProposalState.Declined, cancellationToken);
        return Requests.Answer(await FindAsync(proposalId, cancellationToken));
    }

    /// <summary>Makes and withdraws proposals by what the watch has seen, and starts what is approved.</summary>
    [Function("ReviewFailovers")]
    public async Task Review(
        [TimerTrigger("5/10 * * * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        await review.ReviewAsync(cancellationToken);
        await decisions.StartApprovedAsync(client, cancellationToken);
    }

    private async Task<FailoverProposal> FindAsync(Guid proposalId, CancellationToken cancellationToken) =>
        await proposals.FindAsync(proposalId, cancellationToken)
        ?? throw ProblemException.NotFound(
            $"There is no failover proposal {proposalId}. GET /api/failovers/proposals lists them.");
}
