using Npgsql;

namespace WebHost.Data;

/// <summary>The control database: tenants, placements, operations. One connection pool for the whole process.</summary>
public sealed class ControlDatabase(NpgsqlDataSource source) : IAsyncDisposable
{
    /// <summary>Opens a connection from the pool.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken = default) =>
        source.OpenConnectionAsync(cancellationToken);

    /// <summary>Runs <paramref name="work"/> in one transaction, which commits when it returns and rolls back when it throws.</summary>
    public async Task<T> TransactAsync<T>(
        Func<NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken = default)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var result = await work(transaction);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => source.DisposeAsync();
}
