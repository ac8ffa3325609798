using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Backups;

/// <summary>Backups, in the control database.</summary>
public sealed class BackupStore(ControlDatabase control, TimeProvider time)
{
    private const string Columns =
        "id, tenant_id, state, reason, started_at, finished_at, row_count, bytes, copied_bytes, verified_at, fault";

    // What a tenant's new home has before its history is restored must not become its newest backup.
    private const string Unrestored =
        "SELECT FROM failovers f WHERE f.tenant_id = p.tenant_id AND f.ended_at IS NULL AND f.restored_at IS NULL";

    /// <summary>Adds a backup that is about to be made, within the caller's transaction.</summary>
    /// <returns>False when another one of the tenant is being made, or its history is being restored.</returns>
    public static async Task<bool> AddAsync(
        NpgsqlTransaction transaction, Backup backup, CancellationToken cancellationToken)
    {
        // Whoever fails the tenant over holds its placement.
        await transaction.Sql("SELECT FROM placements WHERE tenant_id = $1 FOR SHARE", backup.TenantId)
            .RunAsync(cancellationToken);
        return await transaction.Sql(
            $"""
            INSERT INTO backups (id, tenant_id, state, reason, started_at)
            SELECT $1, p.tenant_id, $3, $4, $5 FROM placements p WHERE p.tenant_id = $2 AND NOT EXISTS ({Unrestored})
            ON CONFLICT (tenant_id) WHERE state = 'running' DO NOTHING
            """,
            backup.Id, backup.TenantId, backup.State, backup.Reason, backup.StartedAt).RunAsync(cancellationToken) == 1;
    }

    /// <summary>
    /// Gives up the backup of a tenant that is being made, within the caller's transaction: its source is lost, and what it goes
    /// on to read elsewhere would not be whole.
    /// </summary>
    public static Task GiveUpAsync(NpgsqlTransaction transaction, Guid tenantId, CancellationToken cancellationToken) =>
        transaction.Sql(
            "UPDATE backups SET state = $2 WHERE tenant_id = $1 AND state = $3",
            tenantId, BackupState.Failed, BackupState.Running).RunAsync(cancellationToken);

    /// <summary>The backup.</summary>
    /// <exception cref="InvalidOperationException">There is no such backup.</exception>
    public async Task<Backup> GetAsync(Guid id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) ?? throw new InvalidOperationException($"There is no backup {id}.");

    /// <summary>The backup, or null.</summary>
    public async Task<Backup?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM backups WHERE id = $1", id).FirstAsync(Read, cancellationToken);
    }

    /// <summary>A tenant's backups, newest first, but for those that have expired.</summary>
    public async Task<IReadOnlyList<Backup>> ListAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"SELECT {Columns} FROM backups WHERE tenant_id = $1 AND state <> $2 ORDER BY started_at DESC, id DESC",
            tenantId, BackupState.Expired).ListAsync(Read, cancellationToken);
    }

    /// <summary>
    /// A tenant's finished backups, newest first, whose files from now on stay where they are until a moment, whatever
    /// expires.
    /// </summary>
    public async Task<IReadOnlyList<Backup>> HoldAsync(
        Guid tenantId, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        var held = await connection.Sql(
            $"""
            UPDATE backups SET held_until = greatest(held_until, $3) WHERE tenant_id = $1 AND state = $2 RETURNING {Columns}
            """,
            tenantId, BackupState.Finished, until).ListAsync(Read, cancellationToken);
        return [.. held.OrderByDescending(backup => backup.FinishedAt)];
    }

    /// <summary>Notes that a backup is finished. Doing it again is harmless.</summary>
    public async Task FinishAsync(
        Guid id, DateTimeOffset finishedAt, long rows, long bytes, long copiedBytes, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            UPDATE backups SET state = $2, finished_at = $3, row_count = $4, bytes = $5, copied_bytes = $6
            WHERE id = $1 AND state = ANY ($7)
            """,
            id, BackupState.Finished, finishedAt, rows, bytes, copiedBytes, Before(BackupState.Finished))
            .RunAsync(cancellationToken);
    }

    /// <summary>
    /// Notes within the caller's transaction that a backup was given up, unless it is finished. Doing it again is harmless,
    /// and so is an operation that makes no backup.
    /// </summary>
    public static Task FailAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancellationToken) =>
        transaction.Sql(
            "UPDATE backups SET state = $2 WHERE id = $1 AND state = ANY ($3)",
            id, BackupState.Failed, Before(BackupState.Failed)).RunAsync(cancellationToken);

    /// <summary>Notes that a backup was given up, unless it is finished. Doing it again is harmless.</summary>
    public Task FailAsync(Guid id, CancellationToken cancellationToken) => control.TransactAsync(
        async transaction =>
        {
            await FailAsync(transaction, id, cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>Notes that a backup was restored and compared.</summary>
    /// <param name="id">The backup.</param>
    /// <param name="fault">What was wrong; null when nothing was.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task NoteVerifiedAsync(Guid id, string? fault, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE backups SET verified_at = $2, fault = $3 WHERE id = $1", id, time.GetUtcNow(), fault)
            .RunAsync(cancellationToken);
    }

    /// <summary>
    /// Has a tenant's backups expire: those that failed, and those finished that are not to be kept and nobody reads.
    /// </summary>
    public async Task ExpireAsync(Guid tenantId, IEnumerable<Guid> keep, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            """
            UPDATE backups SET state = $2
            WHERE tenant_id = $1 AND state = ANY ($3) AND id <> ALL ($4) AND coalesce(held_until, $5) <= $5
            """,
            tenantId, BackupState.Expired, Before(BackupState.Expired), keep.ToArray(), time.GetUtcNow())
            .RunAsync(cancellationToken);
    }

    /// <summary>A tenant's backups that have expired and may still have files.</summary>
    public async Task<IReadOnlyList<Backup>> ListExpiredAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"SELECT {Columns} FROM backups WHERE tenant_id = $1 AND state = $2", tenantId, BackupState.Expired)
            .ListAsync(Read, cancellationToken);
    }

    /// <summary>Forgets a backup that has expired and has no file left.</summary>
    public async Task ForgetAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql("DELETE FROM backups WHERE id = $1 AND state = $2", id, BackupState.Expired)
            .RunAsync(cancellationToken);
    }

    /// <summary>Backups that are being made, but for those that wait until their tenant is settled.</summary>
    public async Task<int> CountAtWorkAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT count(*)::int FROM backups b
            WHERE b.state = $1 AND NOT EXISTS (SELECT FROM operations o WHERE o.id = b.id AND o.state = $2)
            """,
            BackupState.Running, OperationState.Waiting).FirstAsync(row => row.GetInt32(0), cancellationToken);
    }

    /// <summary>
    /// Tenants that are served, were there at a moment, have not been backed up since and are not being backed up, those
    /// first whose newest backup is the oldest.
    /// </summary>
    /// <param name="since">The moment.</param>
    /// <param name="notTriedSince">Those for whom it was tried after this moment are left out.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<Guid>> ListDueAsync(
        DateTimeOffset since, DateTimeOffset notTriedSince, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"""
            SELECT p.tenant_id FROM placements p JOIN tenants t ON t.id = p.tenant_id
            LEFT JOIN LATERAL (
                SELECT max(b.finished_at) FILTER (WHERE b.state = $2) AS finished_at, max(b.started_at) AS started_at,
                       bool_or(b.state = $6) AS running
                FROM backups b WHERE b.tenant_id = p.tenant_id
            ) last ON true
            WHERE p.state = $1 AND t.created_at < $3 AND NOT EXISTS ({Unrestored})
              AND (last.finished_at IS NULL OR last.finished_at < $3)
              AND (last.started_at IS NULL OR (last.started_at < $4 AND NOT last.running))
            ORDER BY last.finished_at NULLS FIRST, p.tenant_id LIMIT $5
            """,
            PlacementState.Serving, BackupState.Finished, since, notTriedSince, limit, BackupState.Running)
            .ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    /// <summary>
    /// The newest backup of a tenant whom chance picks among those who have one; tenants of whom a fault is known and who
    /// have a backup since come first. Null when nobody has any.
    /// </summary>
    public async Task<Backup?> PickAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"""
            SELECT {Columns} FROM (
                SELECT DISTINCT ON (tenant_id) * FROM backups WHERE state = $1 ORDER BY tenant_id, finished_at DESC
            ) newest
            ORDER BY (verified_at IS NULL AND EXISTS (
                SELECT FROM backups b WHERE b.tenant_id = newest.tenant_id AND b.fault IS NOT NULL)) DESC, random()
            LIMIT 1
            """,
            BackupState.Finished).FirstAsync(Read, cancellationToken);
    }

    private static string[] Before(BackupState state) =>
        [.. BackupLifecycle.Table.Before(state).Select(from => WireName.Of(from))];

    private static Backup Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        TenantId = row.GetGuid(1),
        State = WireName.Parse<BackupState>(row.GetString(2)),
        Reason = WireName.Parse<BackupReason>(row.GetString(3)),
        StartedAt = row.GetFieldValue<DateTimeOffset>(4),
        FinishedAt = row.MaybeValue<DateTimeOffset>(5),
        Rows = row.MaybeValue<long>(6),
        Bytes = row.MaybeValue<long>(7),
        CopiedBytes = row.MaybeValue<long>(8),
        VerifiedAt = row.MaybeValue<DateTimeOffset>(9),
        Fault = row.Maybe<string>(10),
    };
}
