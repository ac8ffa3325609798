using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.States;

namespace WebHost.Emergency;

/// <summary>Proposals to fail over, in the control database.</summary>
public sealed class FailoverProposalStore(ControlDatabase control, TimeProvider time)
{
    private const string Columns =
        """
        id, database_id, server_id, tenant_id, state, reason, unattended, lost_since, created_at, approved_at, ended_at,
        refusal
        """;

    /// <summary>Adds a proposal.</summary>
    /// <returns>False when one for the same loss was made before, whatever has become of it.</returns>
    public async Task<bool> AddAsync(FailoverProposal proposal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"""
            INSERT INTO failover_proposals ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (database_id, lost_since) DO NOTHING
            """,
            proposal.Id, proposal.DatabaseId, proposal.ServerId, proposal.TenantId, proposal.State, proposal.Reason,
            proposal.Unattended, proposal.LostSince, proposal.CreatedAt, proposal.ApprovedAt, proposal.EndedAt,
            proposal.Refusal).RunAsync(cancellationToken) == 1;
    }

    /// <summary>The proposal, or null.</summary>
    public async Task<FailoverProposal?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM failover_proposals WHERE id = $1", id)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>Proposals, newest first.</summary>
    /// <param name="state">Only those in this state.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<FailoverProposal>> ListAsync(
        FailoverProposalState? state, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"""
            SELECT {Columns} FROM failover_proposals WHERE $1::text IS NULL OR state = $1
            ORDER BY created_at DESC, id DESC LIMIT $2
            """,
            state, limit).ListAsync(Read, cancellationToken);
    }

    /// <summary>Moves a proposal to a state. Doing it again is harmless.</summary>
    /// <exception cref="WrongTransitionException">That state cannot follow the one the proposal is in.</exception>
    public async Task EnterAsync(Guid id, FailoverProposalState state, CancellationToken cancellationToken)
    {
        if (!await TryEnterAsync(id, state, refusal: null, cancellationToken))
        {
            FailoverProposalLifecycle.Table.Check((await GetAsync(id, cancellationToken)).State, state, id.ToString());
        }
    }

    /// <summary>Approves a proposal, unless that was done and it has been executed since.</summary>
    /// <returns>False when it has been executed.</returns>
    /// <exception cref="WrongTransitionException">It was declined or withdrawn.</exception>
    public async Task<bool> ApproveAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await TryEnterAsync(id, FailoverProposalState.Approved, refusal: null, cancellationToken))
        {
            return true;
        }

        var state = (await GetAsync(id, cancellationToken)).State;
        if (state != FailoverProposalState.Executed)
        {
            FailoverProposalLifecycle.Table.Check(state, FailoverProposalState.Approved, id.ToString());
        }

        return false;
    }

    /// <summary>
    /// Has an approved proposal that could not be started wait for an operator, unless it is over meanwhile.
    /// </summary>
    /// <param name="id">The proposal.</param>
    /// <param name="refusal">Why it could not be started.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public Task ReopenAsync(Guid id, string refusal, CancellationToken cancellationToken) =>
        TryEnterAsync(id, FailoverProposalState.Open, refusal, cancellationToken);

    /// <summary>
    /// Withdraws what is open, or approved and not yet started, but for the proposals about these losses. One that is being
    /// started at this moment is left alone.
    /// </summary>
    public async Task WithdrawOthersAsync(
        IReadOnlyCollection<(Guid DatabaseId, DateTimeOffset LostSince)> lost, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            UPDATE failover_proposals SET state = $1, ended_at = $2 WHERE id IN (
                SELECT id FROM failover_proposals p
                WHERE ended_at IS NULL AND NOT EXISTS (
                    SELECT FROM unnest($3::uuid[], $4::timestamptz[]) AS l (database_id, lost_since)
                    WHERE l.database_id = p.database_id AND l.lost_since = p.lost_since)
                FOR UPDATE SKIP LOCKED)
            """,
            FailoverProposalState.Withdrawn,
            time.GetUtcNow(),
            lost.Select(loss => loss.DatabaseId).ToArray(),
            lost.Select(loss => loss.LostSince.UtcDateTime).ToArray()).RunAsync(cancellationToken);
    }

    /// <summary>
    /// Carries an approved proposal out with <paramref name="start"/>, while nobody can withdraw it and nobody else starts it.
    /// One that was executed before is left as it is.
    /// </summary>
    /// <exception cref="WrongTransitionException">It is not approved.</exception>
    public Task ExecuteAsync(Guid id, Func<FailoverProposal, Task> start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        return control.TransactAsync(
            async transaction =>
            {
                var proposal = await transaction.Sql(
                    $"SELECT {Columns} FROM failover_proposals WHERE id = $1 FOR UPDATE", id)
                    .FirstAsync(Read, cancellationToken)
                    ?? throw new InvalidOperationException($"There is no failover proposal {id}.");
                FailoverProposalLifecycle.Table.Check(proposal.State, FailoverProposalState.Executed, id.ToString());
                if (proposal.State == FailoverProposalState.Executed)
                {
                    return false;
                }

                await start(proposal);
                return await transaction.Sql(
                    "UPDATE failover_proposals SET state = $2, ended_at = $3, refusal = NULL WHERE id = $1",
                    id, FailoverProposalState.Executed, time.GetUtcNow()).RunAsync(cancellationToken) == 1;
            },
            cancellationToken);
    }

    private async Task<FailoverProposal> GetAsync(Guid id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken)
        ?? throw new InvalidOperationException($"There is no failover proposal {id}.");

    private async Task<bool> TryEnterAsync(
        Guid id, FailoverProposalState state, string? refusal, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            UPDATE failover_proposals SET state = $2,
                approved_at = CASE WHEN $4 AND state <> $2 THEN $5 ELSE approved_at END,
                ended_at = CASE WHEN $6 THEN coalesce(ended_at, $5) END,
                refusal = coalesce($7, refusal)
            WHERE id = $1 AND state = ANY ($3)
            """,
            id, state, FailoverProposalLifecycle.Table.Before(state).Select(from => WireName.Of(from)).ToArray(),
            state == FailoverProposalState.Approved, time.GetUtcNow(), FailoverProposalLifecycle.IsOver(state), refusal)
            .RunAsync(cancellationToken) == 1;
    }

    private static FailoverProposal Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        DatabaseId = row.GetGuid(1),
        ServerId = row.MaybeValue<Guid>(2),
        TenantId = row.MaybeValue<Guid>(3),
        State = WireName.Parse<FailoverProposalState>(row.GetString(4)),
        Reason = row.GetString(5),
        Unattended = row.GetBoolean(6),
        LostSince = row.GetFieldValue<DateTimeOffset>(7),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(8),
        ApprovedAt = row.MaybeValue<DateTimeOffset>(9),
        EndedAt = row.MaybeValue<DateTimeOffset>(10),
        Refusal = row.Maybe<string>(11),
    };
}
