using System.Data;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>One moment of a source database, that several connections can look at. It lasts until it is disposed of.</summary>
internal sealed class SourceSnapshot : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly string _id;

    private SourceSnapshot(NpgsqlConnection connection, NpgsqlTransaction transaction, string id, string mark)
    {
        _connection = connection;
        Transaction = transaction;
        _id = id;
        Mark = mark;
    }

    /// <summary>A transaction that sees the moment.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>Which transactions the moment includes, as pg_snapshot writes it. What it does not include is still to be copied.</summary>
    public string Mark { get; }

    public static async Task<SourceSnapshot> TakeAsync(
        MovingConnections connections, TenantDatabaseAddress source, CancellationToken cancellationToken)
    {
        var connection = await connections.OpenAsync(source, cancellationToken);
        try
        {
            var transaction = await BeginAsync(connection, cancellationToken);
            var (id, mark) = await transaction.Sql("SELECT pg_export_snapshot(), pg_current_snapshot()::text")
                .FirstAsync(row => (row.GetString(0), row.GetString(1)), cancellationToken);
            return new SourceSnapshot(connection, transaction, id, mark);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets another connection to the same database see the moment, in the transaction answered.</summary>
    public async Task<NpgsqlTransaction> ShareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await BeginAsync(connection, cancellationToken);
        await transaction.Sql($"SET TRANSACTION SNAPSHOT '{_id}'").RunAsync(cancellationToken);
        return transaction;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
}
