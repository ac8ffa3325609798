using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Migration;

namespace WebHost.Emergency;

/// <summary>What has been fetched from a source, kept where it was fetched to (0010_reconciliations.sql).</summary>
/// <param name="target">Whom, and where to.</param>
/// <param name="sourceId">The source's database.</param>
/// <param name="epoch">The epoch at which the tenant has been away there.</param>
internal sealed class ReconciliationRecord(JoinedTenant target, Guid sourceId, long epoch)
{
    private const string Report = "report";

    /// <summary>The report, when everything has been fetched; null before.</summary>
    public async Task<ReconciliationReport?> FindReportAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.Sql(
            "SELECT outcome FROM fleet.reconciliations WHERE customer_id = $1 AND source = $2 AND epoch = $3 AND part = $4",
            target.TenantId, sourceId, epoch, Report)
            .FirstAsync(row => JsonText.Read<ReconciliationReport>(row.GetString(0)), cancellationToken);

    /// <summary>The parts that have been fetched, by name.</summary>
    public async Task<IReadOnlyDictionary<string, ReconciledPart>> ReadPartsAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (await connection.Sql(
            """
            SELECT part, outcome FROM fleet.reconciliations
            WHERE customer_id = $1 AND source = $2 AND epoch = $3 AND part <> $4
            """,
            target.TenantId, sourceId, epoch, Report)
            .ListAsync(row => (Part: row.GetString(0), JsonText.Read<ReconciledPart>(row.GetString(1))), cancellationToken))
        .ToDictionary();

    /// <summary>Whether a part has been fetched.</summary>
    public Task<bool> HasAsync(NpgsqlTransaction transaction, string part, CancellationToken cancellationToken) =>
        transaction.Sql(
            """
            SELECT EXISTS (
                SELECT FROM fleet.reconciliations WHERE customer_id = $1 AND source = $2 AND epoch = $3 AND part = $4)
            """,
            target.TenantId, sourceId, epoch, part).FirstAsync(row => row.GetBoolean(0), cancellationToken);

    /// <summary>Notes what became of a part, unless another attempt has, whose note stands.</summary>
    public Task NoteAsync(
        NpgsqlTransaction transaction, string part, ReconciledPart outcome, CancellationToken cancellationToken) =>
        NoteAsync(transaction.Connection!, part, JsonText.Of(outcome), cancellationToken);

    /// <summary>Notes that everything has been fetched, unless another attempt has, whose note stands.</summary>
    public Task NoteAsync(NpgsqlConnection connection, ReconciliationReport report, CancellationToken cancellationToken) =>
        NoteAsync(connection, Report, JsonText.Of(report), cancellationToken);

    private Task NoteAsync(
        NpgsqlConnection connection, string part, JsonText outcome, CancellationToken cancellationToken) =>
        connection.Sql(
            """
            INSERT INTO fleet.reconciliations (customer_id, source, epoch, part, outcome) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
            """,
            target.TenantId, sourceId, epoch, part, outcome).RunAsync(cancellationToken);
}
