using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>Moves, in the control database.</summary>
public sealed class MoveStore(ControlDatabase control)
{
    private const string Columns =
        "operation_id, tenant_id, kind, state, epoch, source_home, target_home, retained_since, keep_until, switching_at, switched_at";

    // An attempt from one epoch has to do with the next one, at which it takes over, and the one after, at which it returns.
    private const int AttemptEpochs = 2;

    /// <summary>Adds a move within the caller's transaction, who holds the tenant's placement.</summary>
    /// <returns>False when the tenant is on another move already, or is failed over.</returns>
    public static async Task<bool> AddAsync(NpgsqlTransaction transaction, Move move, CancellationToken cancellationToken) =>
        await transaction.Sql(
            """
            INSERT INTO moves (operation_id, tenant_id, kind, state, epoch, source_home, target_home, retained_since)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8::date
            WHERE NOT EXISTS (SELECT FROM failovers f WHERE f.tenant_id = $2 AND f.ended_at IS NULL)
            ON CONFLICT (tenant_id) WHERE ended_at IS NULL DO NOTHING
            """,
            move.OperationId, move.TenantId, move.Kind, move.State, move.Epoch, move.SourceHome, move.TargetHome,
            move.RetainedSince).RunAsync(cancellationToken) == 1;

    /// <summary>
    /// Has a failover take the place of the tenant's move, within the caller's transaction: unless both homes are settled, and
    /// only the one that does not serve is being removed.
    /// </summary>
    /// <returns>The move, or null when there is none to replace.</returns>
    public static Task<Move?> SupersedeAsync(
        NpgsqlTransaction transaction, Guid tenantId, CancellationToken cancellationToken) =>
        transaction.Sql(
            $"""
            UPDATE moves SET state = $2, ended_at = now()
            WHERE tenant_id = $1 AND ended_at IS NULL AND state = ANY ($3) RETURNING {Columns}
            """,
            tenantId, MoveState.Superseded,
            MoveLifecycle.Table.Before(MoveState.Superseded).Select(from => WireName.Of(from)).ToArray())
            .FirstAsync(Read, cancellationToken);

    /// <summary>Moves a move to a state within the caller's transaction.</summary>
    /// <returns>False when that state cannot follow the one it is in.</returns>
    public static async Task<bool> TryEnterAsync(
        NpgsqlTransaction transaction, Guid operationId, MoveState state, CancellationToken cancellationToken) =>
        await transaction.Sql(
            """
            UPDATE moves SET state = $2,
                ended_at = CASE WHEN $3 THEN coalesce(ended_at, now()) END,
                switching_at = CASE WHEN $5 THEN coalesce(switching_at, now()) ELSE switching_at END,
                switched_at = CASE WHEN $6 THEN coalesce(switched_at, now()) ELSE switched_at END
            WHERE operation_id = $1 AND state = ANY ($4)
            """,
            operationId, state, MoveLifecycle.IsOver(state),
            MoveLifecycle.Table.Before(state).Select(from => WireName.Of(from)).ToArray(),
            state == MoveState.Switching, state == MoveState.Switched).RunAsync(cancellationToken) == 1;

    /// <summary>Moves a move to a state.</summary>
    /// <returns>False when that state cannot follow the one it is in.</returns>
    public Task<bool> TryEnterAsync(Guid operationId, MoveState state, CancellationToken cancellationToken) =>
        control.TransactAsync(
            transaction => TryEnterAsync(transaction, operationId, state, cancellationToken), cancellationToken);

    /// <summary>Moves a move to a state. Doing it again is harmless.</summary>
    /// <exception cref="States.WrongTransitionException">That state cannot follow the one it is in.</exception>
    public async Task EnterAsync(Guid operationId, MoveState state, CancellationToken cancellationToken)
    {
        if (!await TryEnterAsync(operationId, state, cancellationToken))
        {
            MoveLifecycle.Table.Check(
                (await GetAsync(operationId, cancellationToken)).State, state, operationId.ToString());
        }
    }

    /// <summary>
    /// Decides that the target serves for good, unless somebody has decided otherwise meanwhile, or brought the tenant back: whoever
    /// changes the placement lines up here, and asks for the move's state in the transaction that does. A tenant that was on its
    /// way back is placed at a newer epoch, which no attempt reaches: <see cref="Cutover.KeepAsync"/> has the target serve at it.
    /// </summary>
    /// <param name="move">The move as the caller has seen it.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>Whether the move is committed.</returns>
    public Task<bool> TryCommitAsync(Move move, CancellationToken cancellationToken) =>
        control.TransactAsync(
            async transaction =>
            {
                var (home, epoch) = await transaction.Sql(
                    "SELECT home, epoch FROM placements WHERE tenant_id = $1 FOR UPDATE", move.TenantId).FirstAsync(
                        row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken);
                var state = await transaction.Sql(
                    "SELECT state FROM moves WHERE operation_id = $1 FOR UPDATE", move.OperationId).FirstAsync(
                        row => WireName.Parse<MoveState>(row.GetString(0)), cancellationToken);
                return home == move.TargetHome && state == move.State
                    && await TryEnterAsync(transaction, move.OperationId, MoveState.CleaningUp, cancellationToken)
                    && (state != MoveState.GoingBack || await PlacementStore.MoveAsync(
                        transaction, move.TenantId, epoch, epoch + AttemptEpochs, home, cancellationToken));
            },
            cancellationToken);

    /// <summary>The move.</summary>
    /// <exception cref="InvalidOperationException">The operation is none.</exception>
    public async Task<Move> GetAsync(Guid operationId, CancellationToken cancellationToken) =>
        await FindAsync(operationId, cancellationToken)
        ?? throw new InvalidOperationException($"Operation {operationId} moves nobody.");

    /// <summary>The move, or null when the operation is none.</summary>
    public async Task<Move?> FindAsync(Guid operationId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM moves WHERE operation_id = $1", operationId)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>The move on which the tenant is, or null.</summary>
    public async Task<Move?> FindUnderWayAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM moves WHERE tenant_id = $1 AND ended_at IS NULL", tenantId)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>Moves in one of these states, oldest first.</summary>
    public async Task<IReadOnlyList<Move>> ListAsync(
        IReadOnlyCollection<MoveState> states, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"SELECT {Columns} FROM moves WHERE state = ANY ($1) ORDER BY created_at, operation_id",
            (object)states.Select(state => WireName.Of(state)).ToArray()).ListAsync(Read, cancellationToken);
    }

    /// <summary>Operations whose move somebody has decided about and that wait all the same.</summary>
    public async Task<IReadOnlyList<Guid>> ListDecidedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT o.id FROM moves m JOIN operations o ON o.id = m.operation_id
            WHERE m.state = ANY ($1) AND o.state = $2 AND o.error IS NULL
            """,
            new[] { MoveState.Undoing, MoveState.GoingBack, MoveState.CleaningUp }.Select(state => WireName.Of(state)).ToArray(),
            Operations.OperationState.Waiting).ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    /// <summary>Says until when the tenant can be taken back, unless that is said.</summary>
    public async Task<DateTimeOffset> KeepUntilAsync(
        Guid operationId, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "UPDATE moves SET keep_until = coalesce(keep_until, $2) WHERE operation_id = $1 RETURNING keep_until",
            operationId, until).FirstAsync(row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken);
    }

    /// <summary>
    /// Lets a move copy if fewer than <paramref name="atOnce"/> of those that leave the same database do and nobody who is earlier
    /// waits for it. A move that may keeps its turn until it is switched or given up.
    /// </summary>
    /// <returns>How many are before it; zero when it is its turn.</returns>
    public Task<int> TakeTurnAsync(Guid operationId, int atOnce, CancellationToken cancellationToken) =>
        control.TransactAsync(
            async transaction =>
            {
                await transaction.Sql("SELECT pg_advisory_xact_lock(hashtextextended('moves.turns', 0))")
                    .RunAsync(cancellationToken);
                var before = await transaction.Sql(
                    """
                    WITH mine AS (
                        SELECT m.operation_id, m.created_at, m.turn_taken_at, h.database_id
                        FROM moves m JOIN homes h ON h.tenant_id = m.tenant_id AND h.number = m.source_home
                        WHERE m.operation_id = $1
                    )
                    SELECT CASE WHEN mine.turn_taken_at IS NOT NULL THEN 0 ELSE (
                        SELECT count(*)::int FROM moves m
                        JOIN homes h ON h.tenant_id = m.tenant_id AND h.number = m.source_home
                        WHERE h.database_id = mine.database_id AND m.operation_id <> mine.operation_id
                          AND m.state = ANY ($2)
                          AND (m.turn_taken_at IS NOT NULL OR (m.created_at, m.operation_id) < (mine.created_at, mine.operation_id)))
                    END FROM mine
                    """,
                    operationId, Before).FirstAsync(row => row.GetInt32(0), cancellationToken);
                if (before < atOnce)
                {
                    await transaction.Sql(
                        "UPDATE moves SET turn_taken_at = coalesce(turn_taken_at, now()) WHERE operation_id = $1", operationId)
                        .RunAsync(cancellationToken);
                    return 0;
                }

                return before - atOnce + 1;
            },
            cancellationToken);

    // Those that copy or are about to.
    private static string[] Before => [WireName.Of(MoveState.Copying), WireName.Of(MoveState.Switching)];

    private static Move Read(NpgsqlDataReader row) => new()
    {
        OperationId = row.GetGuid(0),
        TenantId = row.GetGuid(1),
        Kind = WireName.Parse<MoveKind>(row.GetString(2)),
        State = WireName.Parse<MoveState>(row.GetString(3)),
        Epoch = row.GetInt64(4),
        SourceHome = row.GetInt64(5),
        TargetHome = row.GetInt64(6),
        RetainedSince = row.MaybeValue<DateOnly>(7),
        KeepUntil = row.MaybeValue<DateTimeOffset>(8),
        SwitchingAt = row.MaybeValue<DateTimeOffset>(9),
        SwitchedAt = row.MaybeValue<DateTimeOffset>(10),
    };
}
