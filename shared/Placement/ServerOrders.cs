using System.Net;
using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Security;
using WebHost.States;

namespace WebHost.Placement;

/// <summary>Orders of shared servers, in the control database: one a location at most waits for approval.</summary>
public sealed class ServerOrders(ControlDatabase control)
{
    private const string Product = "AX52";

    private const string Columns =
        """
        id, product, location, state, reason, created_at, operation_id, monthly_ceiling, setup_ceiling, transaction_id,
        server_number, server_ip, database_id, redis
        """;

    /// <summary>Prepares an order unless one for the location is already waiting for approval or under way.</summary>
    public async Task PrepareAsync(string location, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            INSERT INTO server_orders (product, location, state, reason)
            SELECT $1, $2, $3, $4
            WHERE NOT EXISTS (SELECT FROM server_orders WHERE location = $2 AND state = $5)
            ON CONFLICT (location) WHERE state = 'awaiting-approval' DO NOTHING
            """,
            Product, location, ServerOrderState.AwaitingApproval, reason, ServerOrderState.Approved)
            .RunAsync(cancellationToken);
    }

    /// <summary>All orders, newest first.</summary>
    public async Task<IReadOnlyList<ServerOrder>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM server_orders ORDER BY created_at DESC")
            .ListAsync(Read, cancellationToken);
    }

    /// <summary>The order.</summary>
    /// <exception cref="InvalidOperationException">There is no such order.</exception>
    public async Task<ServerOrder> GetAsync(Guid id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) ?? throw new InvalidOperationException($"There is no server order {id}.");

    /// <summary>The order, or null.</summary>
    public async Task<ServerOrder?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM server_orders WHERE id = $1", id)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>The order that an operation carries out, or null.</summary>
    public async Task<ServerOrder?> FindByOperationAsync(Guid operationId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM server_orders WHERE operation_id = $1", operationId)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>The order whose server holds this token, or null.</summary>
    public async Task<ServerOrder?> FindByTokenAsync(string token, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(TokenKind.ServerInstallation, token))
        {
            return null;
        }

        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM server_orders WHERE token_hash = $1", OpaqueToken.Hash(token))
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>Holds an order within the caller's transaction, when it is in a state.</summary>
    /// <returns>False when it is not: somebody else was faster.</returns>
    public static async Task<bool> HoldAsync(
        NpgsqlTransaction transaction, Guid id, ServerOrderState state, CancellationToken cancellationToken) =>
        await transaction.Sql("SELECT true FROM server_orders WHERE id = $1 AND state = $2 FOR UPDATE", id, state)
            .FirstAsync(row => row.GetBoolean(0), cancellationToken);

    /// <summary>
    /// Hands an order to an operation within the caller's transaction: with ceilings when it is approved, without when it is
    /// taken up again.
    /// </summary>
    public static Task ApproveAsync(
        NpgsqlTransaction transaction,
        Guid id,
        Guid operationId,
        decimal? monthlyCeilingEur,
        decimal? setupCeilingEur,
        CancellationToken cancellationToken) =>
        transaction.Sql(
            """
            UPDATE server_orders SET state = $2, operation_id = $3, monthly_ceiling = coalesce($4::numeric, monthly_ceiling),
                setup_ceiling = coalesce($5::numeric, setup_ceiling)
            WHERE id = $1
            """,
            id, ServerOrderState.Approved, operationId, monthlyCeilingEur, setupCeilingEur).RunAsync(cancellationToken);

    /// <summary>Moves an order to a state. Doing it again is harmless.</summary>
    /// <exception cref="WrongTransitionException">That state cannot follow the one the order is in.</exception>
    public async Task EnterAsync(Guid id, ServerOrderState state, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var changed = await connection.Sql(
            "UPDATE server_orders SET state = $2, token_hash = NULL WHERE id = $1 AND state = ANY ($3)",
            id, state, ServerOrderLifecycle.Table.Before(state).Select(from => WireName.Of(from)).ToArray())
            .RunAsync(cancellationToken);
        if (changed == 0)
        {
            ServerOrderLifecycle.Table.Check((await GetAsync(id, cancellationToken)).State, state, id.ToString());
        }
    }

    /// <summary>
    /// Notes within the caller's transaction that the operation of an order failed, so that another one can go on with it. An
    /// order that is over stays so, and an operation that carries out none changes nothing.
    /// </summary>
    public static Task FailAsync(NpgsqlTransaction transaction, Guid operationId, CancellationToken cancellationToken) =>
        transaction.Sql(
            "UPDATE server_orders SET state = $2, token_hash = NULL WHERE operation_id = $1 AND state = ANY ($3)",
            operationId, ServerOrderState.Failed,
            ServerOrderLifecycle.Table.Before(ServerOrderState.Failed).Select(from => WireName.Of(from)).ToArray())
            .RunAsync(cancellationToken);

    /// <summary>Completes an order with <paramref name="work"/>, while nobody can cancel it.</summary>
    /// <exception cref="WrongTransitionException">It was cancelled before.</exception>
    public Task<T> CompleteAsync<T>(Guid id, Func<ServerOrder, Task<T>> work, CancellationToken cancellationToken) =>
        control.TransactAsync(
            async transaction =>
            {
                var order = await transaction.Sql($"SELECT {Columns} FROM server_orders WHERE id = $1 FOR UPDATE", id)
                    .FirstAsync(Read, cancellationToken)
                    ?? throw new InvalidOperationException($"There is no server order {id}.");
                ServerOrderLifecycle.Table.Check(order.State, ServerOrderState.Completed, id.ToString());
                var result = await work(order);
                await transaction.Sql(
                    "UPDATE server_orders SET state = $2 WHERE id = $1", id, ServerOrderState.Completed).RunAsync(cancellationToken);
                return result;
            },
            cancellationToken);

    /// <summary>Keeps Robot's transaction.</summary>
    public Task NotePlacedAsync(Guid id, string transactionId, CancellationToken cancellationToken) =>
        NoteAsync("transaction_id = $2", id, cancellationToken, transactionId);

    /// <summary>Keeps which server was delivered.</summary>
    public Task NoteDeliveredAsync(Guid id, int serverNumber, string serverIp, CancellationToken cancellationToken) =>
        NoteAsync("server_number = $2, server_ip = $3", id, cancellationToken, serverNumber, IPAddress.Parse(serverIp));

    /// <summary>Makes the token with which the server will report, in place of an earlier one.</summary>
    /// <returns>The token, to be shown once; null when no installation is awaited.</returns>
    public async Task<string?> IssueTokenAsync(Guid id, CancellationToken cancellationToken)
    {
        var token = OpaqueToken.Generate(TokenKind.ServerInstallation);
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            UPDATE server_orders SET token_hash = $2
            WHERE id = $1 AND state = $3 AND server_number IS NOT NULL AND database_id IS NULL
            """,
            id, OpaqueToken.Hash(token), ServerOrderState.Approved).RunAsync(cancellationToken) == 1 ? token : null;
    }

    /// <summary>Keeps where the server's database and Redis are, and takes the token out of use.</summary>
    public Task NoteInstalledAsync(Guid id, Guid databaseId, ServerRedis? redis, CancellationToken cancellationToken) =>
        NoteAsync(
            "database_id = $2, redis = $3::jsonb, token_hash = NULL", id, cancellationToken, databaseId,
            redis is null ? null : JsonText.Of(redis));

    private async Task NoteAsync(string assignments, Guid id, CancellationToken cancellationToken, params object?[] values)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql($"UPDATE server_orders SET {assignments} WHERE id = $1", [id, .. values])
            .RunAsync(cancellationToken);
    }

    private static ServerOrder Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Product = row.GetString(1),
        Location = row.GetString(2),
        State = WireName.Parse<ServerOrderState>(row.GetString(3)),
        Reason = row.GetString(4),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(5),
        OperationId = row.MaybeValue<Guid>(6),
        MonthlyCeilingEur = row.MaybeValue<decimal>(7),
        SetupCeilingEur = row.MaybeValue<decimal>(8),
        TransactionId = row.Maybe<string>(9),
        ServerNumber = row.MaybeValue<int>(10),
        ServerIp = row.Maybe<IPAddress>(11)?.ToString(),
        DatabaseId = row.MaybeValue<Guid>(12),
        Redis = row.Maybe<string>(13) is { } redis ? JsonText.Read<ServerRedis>(redis) : null,
    };
}
