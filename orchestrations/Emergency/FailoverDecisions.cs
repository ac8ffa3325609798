using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using WebHost.Migration;

namespace WebHost.Emergency;

/// <summary>What is decided about proposals to fail over. What is approved is written before anything is started.</summary>
public sealed partial class FailoverDecisions(
    FailoverProposalStore proposals,
    FailoverIntake tenants,
    ServerFailoverIntake servers,
    ILogger<FailoverDecisions> logger)
{
    // The next run takes those up that are left out.
    private const int StartsAtOnce = 100;

    /// <summary>
    /// Approves a proposal and starts the failover; one that was approved before is answered with its operation.
    /// </summary>
    /// <returns>The operation, whose id is the proposal's.</returns>
    /// <exception cref="States.WrongTransitionException">It was declined or withdrawn.</exception>
    /// <exception cref="MoveRefusedException">The failover cannot be started now; the proposal is open again.</exception>
    public async Task<Guid> ApproveAsync(DurableTaskClient client, Guid proposalId, CancellationToken cancellationToken)
    {
        if (await proposals.ApproveAsync(proposalId, cancellationToken))
        {
            await StartAsync(client, proposalId, cancellationToken);
        }

        return proposalId;
    }

    /// <summary>Starts what was approved: unattended, or by somebody whose process died before it could.</summary>
    public async Task StartApprovedAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        foreach (var proposal in await proposals.ListAsync(FailoverProposalState.Approved, StartsAtOnce, cancellationToken))
        {
            try
            {
                await StartAsync(client, proposal.Id, cancellationToken);
            }
            catch (Exception notStarted) when (!cancellationToken.IsCancellationRequested)
            {
                // The others are not to wait for it.
                LogNotStarted(logger, proposal.Id, notStarted);
            }
        }
    }

    private async Task StartAsync(DurableTaskClient client, Guid proposalId, CancellationToken cancellationToken)
    {
        try
        {
            await proposals.ExecuteAsync(
                proposalId,
                proposal => proposal.ServerId is { } serverId
                    ? servers.StartAsync(
                        client, serverId, new FailoverRequest(proposal.Reason), cancellationToken, operationId: proposal.Id)
                    : tenants.StartAsync(
                        client,
                        proposal.TenantId!.Value,
                        new FailoverRequest(proposal.Reason),
                        cancellationToken,
                        operationId: proposal.Id),
                cancellationToken);
        }
        catch (MoveRefusedException refused)
        {
            await proposals.ReopenAsync(proposalId, refused.Message, cancellationToken);
            throw;
        }
    }

    [LoggerMessage(790, LogLevel.Error, "Approved failover {ProposalId} was not started.")]
    private static partial void LogNotStarted(ILogger logger, Guid proposalId, Exception exception);
}
