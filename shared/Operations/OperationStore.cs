using System.Text.Json;
using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.States;

namespace WebHost.Operations;

/// <summary>Operations and their steps, in the control database.</summary>
public sealed class OperationStore(ControlDatabase control)
{
    private const string Columns = "id, kind, tenant_id, state, created_at, started_at, finished_at, error, figures";

    /// <summary>Accepts an operation within the caller's transaction; its orchestration is started after the commit.</summary>
    public static async Task AddAsync(NpgsqlTransaction transaction, PlannedOperation planned, CancellationToken cancellationToken)
    {
        await transaction.Sql(
            "INSERT INTO operations (id, kind, tenant_id, orchestrator, input, state) VALUES ($1, $2, $3, $4, $5, $6)",
            planned.Id, planned.Kind, planned.TenantId, planned.Orchestrator, Input(planned), OperationState.Pending)
            .RunAsync(cancellationToken);
        var rows = planned.Steps
            .SelectMany(step => (step.Parts ?? []).Select(part => (Step: part, Of: step.Name)).Prepend((Step: step, Of: "")))
            .ToList();
        await transaction.Sql(
            """
            INSERT INTO operation_steps (operation_id, number, name, title, part_of, state)
            SELECT $1, number, name, title, nullif(part_of, ''), $5
            FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS s (name, title, part_of, number)
            """,
            planned.Id,
            rows.Select(row => row.Step.Name).ToArray(),
            rows.Select(row => row.Step.Title).ToArray(),
            rows.Select(row => row.Of).ToArray(),
            StepState.Pending).RunAsync(cancellationToken);
    }

    /// <summary>The operation with its steps, or null.</summary>
    public async Task<Operation?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var operation = await connection.Sql($"SELECT {Columns} FROM operations WHERE id = $1", id)
            .FirstAsync(Read, cancellationToken);
        return operation is null
            ? null
            : operation with { Steps = await StepsAsync(connection, id, cancellationToken) };
    }

    /// <summary>Operations, newest first, without their steps.</summary>
    /// <param name="tenantId">Only this tenant's.</param>
    /// <param name="state">Only those in this state.</param>
    /// <param name="before">Only those accepted before this operation: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<Operation>> ListAsync(
        Guid? tenantId, OperationState? state, Guid? before, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"""
            SELECT {Columns} FROM operations
            WHERE ($1::uuid IS NULL OR tenant_id = $1)
              AND ($2::text IS NULL OR state = $2)
              AND ($3::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM operations WHERE id = $3))
            ORDER BY created_at DESC, id DESC LIMIT $4
            """,
            tenantId, state, before, limit).ListAsync(Read, cancellationToken);
    }

    /// <summary>What is needed to start the operation's orchestration, or null when there is no such operation.</summary>
    public async Task<(string Orchestrator, JsonElement Input)?> FindStartAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var found = await connection.Sql("SELECT orchestrator, input FROM operations WHERE id = $1", id)
            .ListAsync(row => (row.GetString(0), JsonText.Read<JsonElement>(row.GetString(1))), cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Operations that were accepted longer ago than <paramref name="age"/> and have not ended, oldest first.</summary>
    public async Task<IReadOnlyList<Guid>> ListUnfinishedAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT id FROM operations WHERE finished_at IS NULL AND created_at < now() - $1::interval
            ORDER BY created_at LIMIT 1000
            """,
            age).ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    /// <summary>The tenant's operation that has not ended, or null.</summary>
    public async Task<Guid?> FindUnfinishedAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "SELECT id FROM operations WHERE tenant_id = $1 AND finished_at IS NULL ORDER BY created_at LIMIT 1", tenantId)
            .FirstAsync(row => (Guid?)row.GetGuid(0), cancellationToken);
    }

    /// <summary>Operations that wait at a step, longest first.</summary>
    public async Task<IReadOnlyList<Guid>> ListWaitingAsync(string step, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT o.id FROM operations o JOIN operation_steps s ON s.operation_id = o.id
            WHERE o.state = $1 AND s.state = $2 AND s.name = $3 ORDER BY o.created_at LIMIT $4
            """,
            OperationState.Waiting, StepState.Waiting, step, limit).ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    /// <summary>Moves an operation to a state within the caller's transaction.</summary>
    /// <returns>False when that state cannot follow the one it is in.</returns>
    public static async Task<bool> TryEnterAsync(
        NpgsqlTransaction transaction,
        Guid id,
        OperationState state,
        OperationError? error,
        CancellationToken cancellationToken) =>
        await transaction.Sql(
            """
            UPDATE operations SET state = $2, error = coalesce($3, error), started_at = coalesce(started_at, now()),
                finished_at = CASE WHEN $4 THEN coalesce(finished_at, now()) END
            WHERE id = $1 AND state = ANY ($5)
            """,
            id, state, error is null ? null : JsonText.Of(error),
            OperationLifecycle.IsOver(state),
            OperationLifecycle.Table.Before(state).Select(from => WireName.Of(from)).ToArray())
            .RunAsync(cancellationToken) == 1;

    /// <summary>Moves an operation to a state. Doing it again is harmless.</summary>
    /// <exception cref="WrongTransitionException">That state cannot follow the one the operation is in.</exception>
    public async Task EnterAsync(Guid id, OperationState state, OperationError? error, CancellationToken cancellationToken)
    {
        if (!await control.TransactAsync(
            transaction => TryEnterAsync(transaction, id, state, error, cancellationToken), cancellationToken))
        {
            var current = await FindAsync(id, cancellationToken)
                ?? throw new InvalidOperationException($"There is no operation {id}.");
            OperationLifecycle.Table.Check(current.State, state, id.ToString());
        }
    }

    /// <summary>
    /// Opens an operation again that died, within the caller's transaction, for an orchestration that goes on with its work: in the
    /// input, <c>Resumes</c> is true then.
    /// </summary>
    /// <returns>False when it has not died, or has been opened again already.</returns>
    public static async Task<bool> TryReopenAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancellationToken) =>
        await transaction.Sql(
            """
            UPDATE operations SET state = $2, error = NULL, finished_at = NULL, input = input || '{"Resumes": true}'
            WHERE id = $1 AND state = $3
            """,
            id, OperationState.Pending, OperationState.Died).RunAsync(cancellationToken) == 1;

    /// <summary>Closes an operation that died, within the caller's transaction, who has another one take its place.</summary>
    /// <returns>False when it has not died.</returns>
    public static async Task<bool> TryCloseDeadAsync(
        NpgsqlTransaction transaction, Guid id, OperationError why, CancellationToken cancellationToken) =>
        await transaction.Sql(
            "UPDATE operations SET state = $2, error = $3 WHERE id = $1 AND state = $4",
            id, OperationState.Cancelled, JsonText.Of(why), OperationState.Died).RunAsync(cancellationToken) == 1;

    /// <summary>Adds to what an operation has measured; a figure of a name that is there is replaced.</summary>
    public async Task AddFiguresAsync(Guid id, object figures, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE operations SET figures = coalesce(figures, '{}') || $2 WHERE id = $1", id, JsonText.Of(figures))
            .RunAsync(cancellationToken);
    }

    /// <summary>Says how far a step that is at work has come.</summary>
    public async Task TellProgressAsync(Guid operationId, string step, string detail, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE operation_steps SET detail = $3 WHERE operation_id = $1 AND name = $2 AND state = $4",
            operationId, step, detail, StepState.Running).RunAsync(cancellationToken);
    }

    /// <summary>
    /// Notes that an attempt at a step begins. The operation runs from its first step's first attempt on, and an error of this step
    /// is its error no more.
    /// </summary>
    public async Task BeginStepAsync(Guid operationId, string step, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Command(
            """
            UPDATE operation_steps SET state = $3, attempts = attempts + 1, started_at = coalesce(started_at, now()),
                finished_at = NULL, detail = NULL
            WHERE operation_id = $1 AND name = $2
            """,
            operationId, step, WireName.Of(StepState.Running)));
        batch.BatchCommands.Add(Command(
            """
            UPDATE operations SET state = $2, started_at = coalesce(started_at, now()),
                error = CASE WHEN error ->> 'step' = $4 THEN NULL ELSE error END
            WHERE id = $1 AND state = ANY ($3)
            """,
            operationId,
            WireName.Of(OperationState.Running),
            OperationLifecycle.Table.Before(OperationState.Running).Select(from => WireName.Of(from)).ToArray(),
            step));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Notes how an attempt at a step ended.</summary>
    public async Task EndStepAsync(
        Guid operationId, string step, StepState state, string? detail, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            UPDATE operation_steps SET state = $3, detail = coalesce($4, detail), finished_at = CASE WHEN $5 THEN now() END
            WHERE operation_id = $1 AND name = $2
            """,
            operationId, step, state, detail,
            state is StepState.Succeeded or StepState.Failed or StepState.Undone).RunAsync(cancellationToken);
    }

    // Handed to the orchestrator as it is, so written as the durable engines write inputs: with the members' own names.
    private static JsonText Input(PlannedOperation planned) => new(JsonSerializer.Serialize(planned.Input, planned.Input.GetType()));

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private static async Task<List<OperationStep>> StepsAsync(
        NpgsqlConnection connection, Guid id, CancellationToken cancellationToken)
    {
        var rows = await connection.Sql(
            """
            SELECT number, name, title, state, started_at, finished_at, attempts, detail, part_of
            FROM operation_steps WHERE operation_id = $1 ORDER BY number
            """,
            id).ListAsync(row => (Step: ReadStep(row), PartOf: row.Maybe<string>(8)), cancellationToken);
        var parts = rows.Where(row => row.PartOf is not null).ToLookup(row => row.PartOf, row => row.Step);
        return
        [
            .. rows.Where(row => row.PartOf is null).Select((row, i) =>
                (parts.Contains(row.Step.Name) ? row.Step.Of([.. parts[row.Step.Name]]) : row.Step) with { Number = i + 1 }),
        ];
    }

    private static OperationStep ReadStep(NpgsqlDataReader row) => new()
    {
        Number = row.GetInt32(0),
        Name = row.GetString(1),
        Title = row.GetString(2),
        State = WireName.Parse<StepState>(row.GetString(3)),
        StartedAt = row.MaybeValue<DateTimeOffset>(4),
        FinishedAt = row.MaybeValue<DateTimeOffset>(5),
        Attempts = row.GetInt32(6),
        Detail = row.Maybe<string>(7),
    };

    private static Operation Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Kind = row.GetString(1),
        TenantId = row.MaybeValue<Guid>(2),
        State = WireName.Parse<OperationState>(row.GetString(3)),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(4),
        StartedAt = row.MaybeValue<DateTimeOffset>(5),
        FinishedAt = row.MaybeValue<DateTimeOffset>(6),
        Error = row.Maybe<string>(7) is { } error ? JsonText.Read<OperationError>(error) : null,
        Figures = row.Maybe<string>(8) is { } figures ? JsonText.Read<JsonElement>(figures) : null,
    };
}
