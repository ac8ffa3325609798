using System.Text.Json;
using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Emergency;

/// <summary>Failovers and the homes that they leave behind, in the control database.</summary>
public sealed class FailoverStore(ControlDatabase control)
{
    private const string Columns =
        """
        operation_id, tenant_id, part_of, state, reason, importance, source_home, target_home, created_at, switched_at,
        restored_at, ended_at, facts, source_database
        """;

    /// <summary>
    /// Ends the tenant's failover and migration that are under way within the caller's transaction, who holds the tenant's
    /// placement and adds the failover that takes their place.
    /// </summary>
    public static async Task<ReplacedOperations> SupersedeAsync(
        NpgsqlTransaction transaction, Guid tenantId, CancellationToken cancellationToken) => new(
        await transaction.Sql(
            $"""
            UPDATE failovers SET state = $2, ended_at = now()
            WHERE tenant_id = $1 AND ended_at IS NULL AND state = ANY ($3) RETURNING {Columns}
            """,
            tenantId, FailoverState.Superseded, Before(FailoverState.Superseded)).FirstAsync(Read, cancellationToken),
        await MoveStore.SupersedeAsync(transaction, tenantId, cancellationToken));

    /// <summary>Adds a failover within the caller's transaction, who holds the tenant's placement.</summary>
    /// <param name="transaction">Commits it.</param>
    /// <param name="failover">The failover.</param>
    /// <param name="replaced">Whose place it takes, with the homes that these would have looked after.</param>
    /// <param name="found">How the home was found that is lost.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task AddAsync(
        NpgsqlTransaction transaction,
        Failover failover,
        ReplacedOperations replaced,
        HomeCondition found,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(failover);
        ArgumentNullException.ThrowIfNull(replaced);
        await transaction.Sql(
            """
            INSERT INTO failovers (
                operation_id, tenant_id, part_of, state, reason, importance, source_home, source_database, target_home, facts)
            VALUES ($1, $2, $3::uuid, $4, $5, $6, $7, $8, $9, jsonb_build_object($10, $11::jsonb))
            """,
            failover.OperationId, failover.TenantId, failover.PartOf, failover.State, failover.Reason, failover.Importance,
            failover.SourceHome, failover.SourceDatabase, failover.TargetHome, FailoverFacts.Found, JsonText.Of(found))
            .RunAsync(cancellationToken);
        if (replaced.Failover is { } earlier)
        {
            await transaction.Sql(
                "UPDATE homes_left SET operation_id = $2 WHERE operation_id = $1 AND removed_at IS NULL",
                earlier.OperationId, failover.OperationId).RunAsync(cancellationToken);
            await LeaveAsync(transaction, failover, earlier.TargetHome, earlier.SwitchedAt is not null, cancellationToken);
        }

        if (replaced.Move is { } move)
        {
            await LeaveAsync(transaction, failover, move.SourceHome, served: true, cancellationToken);
            await LeaveAsync(transaction, failover, move.TargetHome, move.SwitchedAt is not null, cancellationToken);
        }

        await LeaveAsync(transaction, failover, failover.SourceHome, served: true, cancellationToken);
    }

    /// <summary>Moves a failover to a state within the caller's transaction.</summary>
    /// <returns>False when that state cannot follow the one it is in.</returns>
    public static async Task<bool> TryEnterAsync(
        NpgsqlTransaction transaction, Guid operationId, FailoverState state, CancellationToken cancellationToken) =>
        await transaction.Sql(
            """
            UPDATE failovers SET state = $2,
                ended_at = CASE WHEN $4 THEN coalesce(ended_at, now()) END,
                switched_at = CASE WHEN $5 THEN coalesce(switched_at, now()) ELSE switched_at END,
                restored_at = CASE WHEN $6 THEN coalesce(restored_at, now()) ELSE restored_at END
            WHERE operation_id = $1 AND state = ANY ($3)
            """,
            operationId, state, Before(state),
            FailoverLifecycle.IsOver(state), state == FailoverState.Serving, state == FailoverState.Restored)
            .RunAsync(cancellationToken) == 1;

    /// <summary>Moves a failover to a state.</summary>
    /// <returns>False when that state cannot follow the one it is in.</returns>
    public Task<bool> TryEnterAsync(Guid operationId, FailoverState state, CancellationToken cancellationToken) =>
        control.TransactAsync(
            transaction => TryEnterAsync(transaction, operationId, state, cancellationToken), cancellationToken);

    /// <summary>Moves a failover to a state. Doing it again is harmless.</summary>
    /// <exception cref="States.WrongTransitionException">That state cannot follow the one it is in.</exception>
    public async Task EnterAsync(Guid operationId, FailoverState state, CancellationToken cancellationToken)
    {
        if (!await TryEnterAsync(operationId, state, cancellationToken))
        {
            FailoverLifecycle.Table.Check(
                (await GetAsync(operationId, cancellationToken)).State, state, operationId.ToString());
        }
    }

    /// <summary>The failover.</summary>
    /// <exception cref="InvalidOperationException">The operation is none.</exception>
    public async Task<Failover> GetAsync(Guid operationId, CancellationToken cancellationToken) =>
        await FindAsync(operationId, cancellationToken)
        ?? throw new InvalidOperationException($"Operation {operationId} is no failover.");

    /// <summary>The failover, or null when the operation is none.</summary>
    public async Task<Failover?> FindAsync(Guid operationId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM failovers WHERE operation_id = $1", operationId)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>The tenant's failover that is not over, or null.</summary>
    public async Task<Failover?> FindUnderWayAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        return await FindUnderWayAsync(transaction, tenantId, cancellationToken);
    }

    /// <summary>The tenant's failover that is not over, or null, within the caller's transaction.</summary>
    public static Task<Failover?> FindUnderWayAsync(
        NpgsqlTransaction transaction, Guid tenantId, CancellationToken cancellationToken) =>
        transaction.Sql($"SELECT {Columns} FROM failovers WHERE tenant_id = $1 AND ended_at IS NULL", tenantId)
            .FirstAsync(Read, cancellationToken);

    /// <summary>Adds the failover of a server within the caller's transaction.</summary>
    public static Task AddServerAsync(
        NpgsqlTransaction transaction, Guid operationId, Guid serverId, string reason, CancellationToken cancellationToken) =>
        transaction.Sql(
            "INSERT INTO server_failovers (operation_id, server_id, reason) VALUES ($1, $2, $3)",
            operationId, serverId, reason).RunAsync(cancellationToken);

    /// <summary>The operation that fails a server over and is not over, or null.</summary>
    public static Task<Guid?> FindOfServerAsync(
        NpgsqlTransaction transaction, Guid serverId, CancellationToken cancellationToken) =>
        transaction.Sql(
            """
            SELECT o.id FROM server_failovers s JOIN operations o ON o.id = s.operation_id
            WHERE s.server_id = $1 AND o.finished_at IS NULL LIMIT 1
            """,
            serverId).FirstAsync(row => (Guid?)row.GetGuid(0), cancellationToken);

    /// <summary>
    /// The tenants who are served from a server and are not failed over by <paramref name="partOf"/>, the most important first: who
    /// pays more, then who has more vehicles, then who has been here longer.
    /// </summary>
    public async Task<IReadOnlyList<Guid>> ListTenantsOnAsync(
        Guid serverId, Guid? partOf, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var found = await connection.Sql(
            """
            SELECT t.id, t.plan, (t.signup ->> 'vehicles')::int
            FROM placements p JOIN homes h ON h.tenant_id = p.tenant_id AND h.number = p.home JOIN tenants t ON t.id = p.tenant_id
            WHERE h.server_id = $1 AND p.state = $2
              AND NOT EXISTS (SELECT FROM failovers f WHERE f.tenant_id = p.tenant_id AND f.part_of = $3::uuid)
            ORDER BY t.created_at, t.id
            """,
            serverId, PlacementState.Serving, partOf).ListAsync(
                row => (Id: row.GetGuid(0), Plan: WireName.Parse<PlanId>(row.GetString(1)), Vehicles: row.GetInt32(2)),
                cancellationToken);
        return [.. found.OrderByDescending(tenant => Failover.ImportanceOf(tenant.Plan, tenant.Vehicles)).Select(tenant => tenant.Id)];
    }

    /// <summary>How far the failovers are that are parts of a server's.</summary>
    public async Task<ServerFailoverProgress> ReadProgressAsync(Guid serverFailover, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return (await connection.Sql(
            """
            SELECT count(*) FILTER (WHERE f.state = ANY ($2))::int, count(*) FILTER (WHERE f.state = $3)::int,
                   count(*) FILTER (WHERE f.restored_at IS NOT NULL)::int,
                   count(*) FILTER (WHERE f.ended_at IS NOT NULL AND f.restored_at IS NULL)::int,
                   count(*) FILTER (WHERE o.state = $4 AND o.error IS NOT NULL)::int,
                   extract(epoch FROM max(f.switched_at) - s.created_at)::float8,
                   extract(epoch FROM max(f.restored_at) - s.created_at)::float8
            FROM server_failovers s
            LEFT JOIN failovers f ON f.part_of = s.operation_id LEFT JOIN operations o ON o.id = f.operation_id
            WHERE s.operation_id = $1 GROUP BY s.operation_id
            """,
            serverFailover,
            new[] { FailoverState.Preparing, FailoverState.Replacing }.Select(state => WireName.Of(state)).ToArray(),
            FailoverState.Serving,
            OperationState.Waiting).FirstAsync(
                row => new ServerFailoverProgress(
                    0, row.GetInt32(0), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4),
                    row.MaybeValue<double>(5), row.MaybeValue<double>(6)),
                cancellationToken))!;
    }

    /// <summary>Keeps what a step has found out; what the same name had is replaced.</summary>
    public async Task NoteAsync(Guid operationId, string name, object fact, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE failovers SET facts = facts || jsonb_build_object($2, $3::jsonb) WHERE operation_id = $1",
            operationId, name, JsonText.Of(fact)).RunAsync(cancellationToken);
    }

    /// <summary>
    /// Lets a failover restore if fewer than <paramref name="atOnce"/> do and nobody who is more important waits for it. One that
    /// may keeps its turn until it has restored.
    /// </summary>
    /// <returns>How many are before it; zero when it is its turn.</returns>
    public Task<int> TakeTurnAsync(Guid operationId, int atOnce, CancellationToken cancellationToken) =>
        control.TransactAsync(
            async transaction =>
            {
                await transaction.Sql("SELECT pg_advisory_xact_lock(hashtextextended('failovers.turns', 0))")
                    .RunAsync(cancellationToken);
                var before = await transaction.Sql(
                    """
                    SELECT CASE WHEN mine.turn_taken_at IS NOT NULL THEN 0 ELSE (
                        SELECT count(*)::int FROM failovers f
                        WHERE f.state = $2 AND f.operation_id <> mine.operation_id
                          AND (f.turn_taken_at IS NOT NULL OR (f.importance, mine.created_at, mine.operation_id)
                                                            > (mine.importance, f.created_at, f.operation_id)))
                    END FROM failovers mine WHERE mine.operation_id = $1
                    """,
                    operationId, FailoverState.Serving).FirstAsync(row => row.GetInt32(0), cancellationToken);
                if (before >= atOnce)
                {
                    return before - atOnce + 1;
                }

                await transaction.Sql(
                    "UPDATE failovers SET turn_taken_at = coalesce(turn_taken_at, now()) WHERE operation_id = $1", operationId)
                    .RunAsync(cancellationToken);
                return 0;
            },
            cancellationToken);

    /// <summary>The homes that a failover looks after and that are not removed yet, the newest first.</summary>
    public Task<IReadOnlyList<HomeLeft>> ListHomesLeftAsync(Guid operationId, CancellationToken cancellationToken) =>
        ListHomesAsync(operationId, "AND l.removed_at IS NULL", cancellationToken);

    /// <summary>The homes that a failover looks after, or did, the newest first.</summary>
    public Task<IReadOnlyList<HomeLeft>> ListHomesAsync(Guid operationId, CancellationToken cancellationToken) =>
        ListHomesAsync(operationId, "", cancellationToken);

    /// <summary>
    /// Failovers that wait for homes that may have come back, with these homes' databases and since when they wait. One that
    /// waits for an operator's retry is none of them: it looks again by itself.
    /// </summary>
    public async Task<IReadOnlyList<(Guid OperationId, Guid TenantId, Guid DatabaseId, DateTimeOffset Since)>>
        ListAwaitedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT f.operation_id, f.tenant_id, h.database_id, f.restored_at
            FROM failovers f JOIN operations o ON o.id = f.operation_id JOIN homes_left l ON l.operation_id = f.operation_id
            JOIN homes h ON h.tenant_id = l.tenant_id AND h.number = l.home
            WHERE f.state = $1 AND l.outcome = $2 AND h.database_id IS NOT NULL AND o.error IS NULL
            """,
            FailoverState.Restored, HomeOutcome.Awaited)
            .ListAsync(
                row => (row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetFieldValue<DateTimeOffset>(3)),
                cancellationToken);
    }

    /// <summary>Says what has become of a home.</summary>
    public async Task DecideAsync(
        Guid tenantId, long home, HomeOutcome outcome, object? report, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE homes_left SET outcome = $3, outcome_at = now(), report = $4 WHERE tenant_id = $1 AND home = $2",
            tenantId, home, outcome, report is null ? null : JsonText.Of(report)).RunAsync(cancellationToken);
    }

    /// <summary>Notes that nothing is left of a home.</summary>
    public async Task NoteRemovedAsync(Guid tenantId, long home, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE homes_left SET removed_at = coalesce(removed_at, now()) WHERE tenant_id = $1 AND home = $2",
            tenantId, home).RunAsync(cancellationToken);
    }

    /// <summary>
    /// The tenant's operations whose place a failover has taken and that are still at work: they may still make things.
    /// </summary>
    public async Task<IReadOnlyList<Guid>> ListLingeringAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT o.id FROM operations o WHERE o.tenant_id = $1 AND o.finished_at IS NULL AND (
                EXISTS (SELECT FROM failovers f WHERE f.operation_id = o.id AND f.state = $2)
                OR EXISTS (SELECT FROM moves m WHERE m.operation_id = o.id AND m.state = $3))
            """,
            tenantId, FailoverState.Superseded, MoveState.Superseded).ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    /// <summary>Failovers that wait for their turn to restore, or until nobody writes to the lost home, the most important first.</summary>
    public async Task<IReadOnlyList<Guid>> ListRestoringAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT f.operation_id FROM failovers f
            WHERE f.state = $1 AND EXISTS (
                SELECT FROM operation_steps s
                WHERE s.operation_id = f.operation_id AND s.part_of IN ('Restore', 'Verify') AND s.state = $2)
            ORDER BY f.turn_taken_at NULLS FIRST, f.importance DESC, f.created_at, f.operation_id LIMIT $3
            """,
            FailoverState.Serving, StepState.Waiting, limit).ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    /// <summary>
    /// When a home served last, by what has taken its place, UTC; null when that is not known. Whatever is in a backup that was
    /// finished before then has been in that home too.
    /// </summary>
    public async Task<DateTimeOffset?> FindLeftAtAsync(Guid tenantId, long home, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT max(switched_at) FROM (
                SELECT switched_at FROM moves WHERE tenant_id = $1 AND source_home = $2
                UNION ALL SELECT switched_at FROM failovers WHERE tenant_id = $1 AND source_home = $2) l
            """,
            tenantId, home).FirstAsync(row => row.MaybeValue<DateTimeOffset>(0), cancellationToken);
    }

    /// <summary>Failovers about which somebody has decided and that wait all the same.</summary>
    public async Task<IReadOnlyList<Guid>> ListDecidedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT o.id FROM failovers f JOIN operations o ON o.id = f.operation_id
            WHERE f.state = ANY ($1) AND o.state = $2 AND o.error IS NULL
            """,
            new[] { FailoverState.Undoing, FailoverState.Closing, FailoverState.Superseded }
                .Select(state => WireName.Of(state)).ToArray(),
            OperationState.Waiting).ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    private async Task<IReadOnlyList<HomeLeft>> ListHomesAsync(
        Guid operationId, string which, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"""
            SELECT l.home, h.provider, h.operation_id, h.database_id, l.served, l.outcome, l.outcome_at, l.report
            FROM homes_left l JOIN homes h ON h.tenant_id = l.tenant_id AND h.number = l.home
            WHERE l.operation_id = $1 {which} ORDER BY l.home DESC
            """,
            operationId).ListAsync(
                row => new HomeLeft(
                    row.GetInt64(0),
                    WireName.Parse<HostingProvider>(row.GetString(1)),
                    row.MaybeValue<Guid>(2),
                    row.MaybeValue<Guid>(3),
                    row.GetBoolean(4),
                    WireName.Parse<HomeOutcome>(row.GetString(5)),
                    row.MaybeValue<DateTimeOffset>(6),
                    row.Maybe<string>(7) is { } report ? JsonText.Read<JsonElement>(report) : null),
                cancellationToken);
    }

    private static string[] Before(FailoverState state) =>
        [.. FailoverLifecycle.Table.Before(state).Select(from => WireName.Of(from))];

    private static Task LeaveAsync(
        NpgsqlTransaction transaction, Failover failover, long home, bool served, CancellationToken cancellationToken) =>
        home == failover.TargetHome
            ? Task.CompletedTask
            : transaction.Sql(
                """
                INSERT INTO homes_left (tenant_id, home, operation_id, served, outcome)
                SELECT $1, $2, $3, s.served, CASE WHEN s.served THEN $5 ELSE $6 END
                FROM (SELECT $4 OR EXISTS (SELECT FROM moves m WHERE m.tenant_id = $1 AND m.source_home = $2) AS served) s
                ON CONFLICT (tenant_id, home) DO UPDATE SET operation_id = excluded.operation_id
                """,
                failover.TenantId, home, failover.OperationId, served, HomeOutcome.Awaited, HomeOutcome.NeverServed)
                .RunAsync(cancellationToken);

    private static Failover Read(NpgsqlDataReader row) => new()
    {
        OperationId = row.GetGuid(0),
        TenantId = row.GetGuid(1),
        PartOf = row.MaybeValue<Guid>(2),
        State = WireName.Parse<FailoverState>(row.GetString(3)),
        Reason = row.GetString(4),
        Importance = row.GetInt32(5),
        SourceHome = row.GetInt64(6),
        TargetHome = row.GetInt64(7),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(8),
        SwitchedAt = row.MaybeValue<DateTimeOffset>(9),
        RestoredAt = row.MaybeValue<DateTimeOffset>(10),
        EndedAt = row.MaybeValue<DateTimeOffset>(11),
        Facts = JsonText.Read<JsonElement>(row.GetString(12)),
        SourceDatabase = row.GetGuid(13),
    };
}
