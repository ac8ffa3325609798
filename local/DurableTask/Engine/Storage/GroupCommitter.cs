using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Local.DurableTask.Hosting;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>
/// Commits everything that changes the hub. While one transaction is on its way to disk the next requests gather, and all of
/// them share the following flush. An outcome that a broken connection hides is looked up, never guessed.
/// </summary>
internal sealed class GroupCommitter : IAsyncDisposable
{
    private const int MaxRequests = 400;
    private const int MaxCharacters = 4_000_000;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly HubDatabase _database;
    private readonly HubSignals _signals;
    private readonly ILogger _logger;
    private readonly Channel<CommitRequest> _queue = Channel.CreateUnbounded<CommitRequest>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _disposing = new();
    private readonly Task _running;
    private NpgsqlConnection? _connection;
    private long _number;

    public GroupCommitter(HubDatabase database, HubSignals signals, ILogger<GroupCommitter> logger)
    {
        _database = database;
        _signals = signals;
        _logger = logger;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Returns when the request is on disk, however long the database is away.</summary>
    public async Task<bool> CommitAsync(CommitRequest request, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(!_queue.Writer.TryWrite(request), this);

        return await request.Completion.WaitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAny(_running, Task.Delay(DrainTime));
        await _disposing.CancelAsync();
        await _running;
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _disposing.Dispose();
    }

    private async Task RunAsync()
    {
        var group = new List<CommitRequest>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            var size = 0;
            while (group.Count < MaxRequests && size < MaxCharacters && _queue.Reader.TryRead(out var request))
            {
                size += request.Size;
                group.Add(request);
            }

            await CommitGroupAsync(group);
            group.Clear();
        }
    }

    private async Task CommitGroupAsync(List<CommitRequest> group)
    {
        try
        {
            var transaction = await CommitOrWaitAsync(group);
            transaction.Complete();
            _signals.Committed(transaction);
        }
        catch (Exception exception) when (group.Count > 1 && !_disposing.IsCancellationRequested)
        {
            // One of them cannot be stored; the others must not suffer for it.
            Logs.CommittingOneByOne(_logger, exception, group.Count);
            foreach (var request in group)
            {
                await CommitGroupAsync([request]);
            }
        }
        catch (Exception exception)
        {
            foreach (var request in group)
            {
                request.Fail(exception);
            }
        }
    }

    private async Task<HubTransaction> CommitOrWaitAsync(List<CommitRequest> group)
    {
        var number = ++_number;
        for (var attempt = 0; ; attempt++)
        {
            var transaction = new HubTransaction(_database, _signals.Worker, number, group);
            try
            {
                await _database.EnsureCreatedAsync(_disposing.Token);
                _connection ??= await _database.Durable.OpenConnectionAsync(_disposing.Token);
                await transaction.RunAsync(_connection);
                return transaction;
            }
            catch (Exception exception) when (Transience.IsTransient(exception) && !_disposing.IsCancellationRequested)
            {
                Logs.CommitInterrupted(_logger, exception, group.Count);
                await DropConnectionAsync();
                if (transaction.MayBeCommitted && await WasCommittedAsync(number))
                {
                    return transaction;
                }

                await Task.Delay(Pause(attempt), _disposing.Token);
            }
            catch
            {
                await DropConnectionAsync();
                throw;
            }
        }
    }

    // Each transaction leaves its number in its worker's row. Locking the row waits for one that is still being committed.
    // PostgreSQL's own transaction ids would not do: after a crash it gives those out again that had not reached the disk.
    private async Task<bool> WasCommittedAsync(long number)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var command = _database.Durable.CreateCommand(
                    $"SELECT number FROM {_database.Hub}.commits WHERE worker = $1 FOR UPDATE");
                command.Parameters.Add(Sql.Value(_signals.Worker));
                return await command.ExecuteScalarAsync(_disposing.Token) is long last && last == number;
            }
            catch (Exception exception) when (Transience.IsTransient(exception) && !_disposing.IsCancellationRequested)
            {
                Logs.StillAway(_logger, exception);
            }

            await Task.Delay(Pause(attempt), _disposing.Token);
        }
    }

    private async Task DropConnectionAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
            _connection = null;
        }
    }

    private static TimeSpan Pause(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(20 << Math.Min(attempt, 6), LongestPause.TotalMilliseconds));
}
