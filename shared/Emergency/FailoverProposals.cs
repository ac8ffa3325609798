using WebHost.Configuration;
using WebHost.Monitoring;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>Proposes to fail over what has not been served for a while, and withdraws what is served again.</summary>
public sealed class FailoverProposals(
    DatabaseHealthStore health,
    PlacementStore placements,
    FailoverProposalStore proposals,
    AlertStore alerts,
    Settings settings,
    TimeProvider time)
{
    /// <summary>
    /// Kind of the alert for a proposal that waits for an operator; its subject is the server's or the tenant's id.
    /// </summary>
    public const string ProposedAlert = "failover-proposed";

    // More have never to be told at once.
    private const int MostAlerts = 1000;

    /// <summary>Makes and withdraws proposals by what the watch has seen, raises and resolves alerts.</summary>
    public async Task ReviewAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var watched = await health.ListAsync(cancellationToken);
        await proposals.WithdrawOthersAsync(
            [.. watched.Where(database => database.LostSince is not null)
                .Select(database => (database.DatabaseId, database.LostSince!.Value))],
            cancellationToken);
        await ProposeAsync(now, watched, cancellationToken);
        await ReportAsync(cancellationToken);
    }

    private async Task ProposeAsync(
        DateTimeOffset now, IReadOnlyList<DatabaseCondition> watched, CancellationToken cancellationToken)
    {
        // What was seen before nobody looked for a while says nothing about now.
        var seen = watched.Where(database => now - database.LookedAt <= DatabaseHealthStore.LongestPause).ToList();
        var due = seen.Where(database => now - database.SeenSince >= settings.Failovers.ProposeAfter).ToList();
        if (due.Count == 0)
        {
            return;
        }

        var served = (await placements.ListServedDatabasesAsync(cancellationToken))
            .ToLookup(database => database.DatabaseId);
        var providers = seen.Where(database => served.Contains(database.DatabaseId))
            .ToLookup(database => served[database.DatabaseId].First().ServerId is null);
        foreach (var loss in due.Where(loss => served.Contains(loss.DatabaseId)))
        {
            var database = served[loss.DatabaseId].First();

            // All of a vendor's at once, or everything: more likely it is the way there that is lost.
            var mayBeCutOff = AreSilent(seen) || AreSilent([.. providers[database.ServerId is null]]);
            var unattended = !mayBeCutOff && settings.Failovers.Unattended.Contains(database.Plan);
            await proposals.AddAsync(
                new FailoverProposal
                {
                    Id = Guid.CreateVersion7(),
                    DatabaseId = database.DatabaseId,
                    ServerId = database.ServerId,
                    TenantId = database.TenantId,
                    State = unattended ? FailoverProposalState.Approved : FailoverProposalState.Open,
                    Reason = $"{database.Title} has served nobody since {loss.LostSince:u}. {loss.Reason}"
                        + (mayBeCutOff
                            ? " No other database there answers either: it may be this application that is cut off."
                            : ""),
                    Unattended = unattended,
                    LostSince = loss.LostSince!.Value,
                    CreatedAt = now,
                    ApprovedAt = unattended ? now : null,
                },
                cancellationToken);
        }
    }

    private static bool AreSilent(List<DatabaseCondition> databases) =>
        databases.Count > 1 && databases.All(database => database.State == DatabaseState.Silent);

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        var open = await proposals.ListAsync(FailoverProposalState.Open, MostAlerts, cancellationToken);
        foreach (var proposal in open)
        {
            var whom = proposal.ServerId is null ? "it" : "all its tenants";
            await alerts.RaiseAsync(
                ProposedAlert,
                Subject(proposal),
                $"{proposal.Reason} {(proposal.Refusal is null ? "" : $"It was not failed over: {proposal.Refusal} ")}POST "
                + $"/api/failovers/proposals/{proposal.Id}/approve gives {whom} a new home with everything that was "
                + "accepted, /decline leaves it until it has answered and is lost again.",
                cancellationToken);
        }

        await alerts.ResolveOthersAsync(ProposedAlert, [.. open.Select(Subject)], cancellationToken);
    }

    private static string Subject(FailoverProposal proposal) => (proposal.ServerId ?? proposal.TenantId)!.Value.ToString();
}
