using System.Collections.Concurrent;
using Npgsql;

namespace Azure.Messaging.ServiceBus;

/// <summary>
/// Wakes waiting receivers of every process when messages have arrived. A wake-up may be lost, with the process that
/// should have given it or with a connection; receivers therefore poll as well.
/// </summary>
internal sealed class QueueWake(NpgsqlDataSource database) : IAsyncDisposable
{
    private const string Channel = "service_bus";

    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromSeconds(1);

    // A busy sender would otherwise pay for a transaction a message to wake receivers that are awake.
    private static readonly TimeSpan NotifyInterval = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new();
    private readonly ConcurrentDictionary<string, bool> _toNotify = new();
    private readonly SemaphoreSlim _notifying = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _startLock = new();
    private Task? _listening;

    /// <summary>Ends at the queue's next wake-up. Take it before looking into the queue, so that none is missed.</summary>
    internal Task NextAsync(string queue)
    {
        lock (_startLock)
        {
            _listening ??= Task.Run(ListenAsync);
        }

        return _waiting.GetOrAdd(
            queue, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>
    /// Tells all processes. It is a transaction of its own because a NOTIFY inside the sender's would make all commits of
    /// the server queue up behind its disk flush; those that follow it within a moment are merged.
    /// </summary>
    internal void Notify(IEnumerable<string> queues)
    {
        foreach (var queue in queues)
        {
            _toNotify[queue] = true;
        }

        _ = NotifyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_listening is { } listening)
        {
            await listening;
        }

        await _notifying.WaitAsync();
        _notifying.Dispose();
        _stop.Dispose();
    }

    private async Task NotifyAsync()
    {
        try
        {
            await _notifying.WaitAsync(_stop.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        try
        {
            var queues = _toNotify.Keys.Where(queue => _toNotify.TryRemove(queue, out _)).ToArray();
            if (queues.Length > 0)
            {
                await NotifyAsync(queues);
                await Task.Delay(NotifyInterval, _stop.Token);
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException)
        {
            // The messages are stored; receivers find them at their next poll.
        }
        finally
        {
            _notifying.Release();
        }
    }

    private async Task NotifyAsync(string[] queues)
    {
        await using var connection = await database.OpenConnectionAsync(_stop.Token);
        await using var command = new NpgsqlCommand("SELECT pg_notify($1, queue) FROM unnest($2) queue", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Channel });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = queues });
        await command.PrepareAsync(_stop.Token);
        await command.ExecuteNonQueryAsync(_stop.Token);
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(_stop.Token);
                connection.Notification += (_, notification) => Wake(notification.Payload);
                await using (var listen = new NpgsqlCommand($"LISTEN {Channel}", connection))
                {
                    await listen.ExecuteNonQueryAsync(_stop.Token);
                }

                // Whatever was told before this connection listened is unknown: everybody looks once.
                foreach (var queue in _waiting.Keys)
                {
                    Wake(queue);
                }

                while (true)
                {
                    await connection.WaitAsync(_stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(ReconnectDelay, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Wake(string queue)
    {
        if (_waiting.TryRemove(queue, out var waiting))
        {
            waiting.TrySetResult();
        }
    }
}
