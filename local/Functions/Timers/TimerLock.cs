using Npgsql;

namespace WebHost.Local.Functions;

/// <summary>The right to run a timer. When its session breaks the right is gone, and whoever runs must stop.</summary>
internal sealed class TimerLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly CancellationTokenSource _released = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _watch;

    internal TimerLock(NpgsqlConnection connection)
    {
        _connection = connection;
        _watch = WatchAsync();
    }

    internal CancellationToken Lost => _lost.Token;

    public async ValueTask DisposeAsync()
    {
        await _released.CancelAsync();
        await _watch;
        await ReleaseAsync();
        await _connection.DisposeAsync();
        _released.Dispose();
        _lost.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await _connection.WaitAsync(_released.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Released by its holder.
        }
        catch (NpgsqlException)
        {
            await _lost.CancelAsync();
        }
    }

    private async Task ReleaseAsync()
    {
        if (_lost.IsCancellationRequested)
        {
            return;
        }

        try
        {
            await using var command = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", _connection);
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException)
        {
            // The session is gone, and the lock with it.
        }
    }
}
