using System.Threading.Channels;
using Azure.Messaging.ServiceBus;

namespace WebHost.Gps.Ingestion;

/// <summary>
/// The queue between the door and the tenants' databases. What it has taken survives any crash.
///
/// Requests that arrive together share a message. One that comes alone is sent at once; while a send is on its way, what
/// arrives waits until it is done and then goes together, with what waits for a processor by then. How long that is follows
/// from how long the queue takes: a few milliseconds, which cost a busy door little and save it most of its round trips. Only
/// a send that takes long does not hold up the next.
/// </summary>
public sealed class PointQueue : IAsyncDisposable
{
    /// <summary>Name of the queue.</summary>
    public const string Name = "points";

    // Service Bus takes 256 KB a message in the Standard tier, headers included.
    private const int LargestBody = 200_000;
    private const int MostSends = 4;
    private const int RequestsAnsweredTogether = 16;
    private const long MostBytesWaiting = 64 << 20;
    private const string AttemptsProperty = "attempts";
    private const string JournaledProperty = "journaled";

    // Fewer and larger messages cost less, so that the next send waits for the last one; but not for one that is stuck.
    private static readonly TimeSpan LongSend = TimeSpan.FromMilliseconds(50);

    private readonly Channel<Segment> _waiting =
        Channel.CreateUnbounded<Segment>(new UnboundedChannelOptions { SingleReader = true });

    private readonly SemaphoreSlim _sends = new(MostSends);
    private readonly ServiceBusSender _sender;
    private readonly TimeProvider _time;
    private readonly Task _loop;
    private long _bytesWaiting;

    /// <summary>Opens the queue.</summary>
    public PointQueue(ServiceBusClient client, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(client);
        _sender = client.CreateSender(Name);
        _time = time;
        _loop = Task.Run(SendAllAsync);
    }

    /// <summary>
    /// Puts what one request held into the queue; when this returns, it is safe. What needs several messages may be in the queue
    /// in part when this throws: the device sends all of it again, and no point counts twice.
    /// </summary>
    /// <exception cref="PointsNotTakenException">The queue does not take it, or too much waits for it already.</exception>
    public Task EnqueueAsync(IReadOnlyList<PointBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        var segments = batches is [var only] ? PointMessage.ToSegments(only) : [.. batches.SelectMany(PointMessage.ToSegments)];
        if (segments.Count == 0)
        {
            return Task.CompletedTask;
        }

        var bytes = segments.Sum(segment => (long)segment.Length);
        if (Interlocked.Add(ref _bytesWaiting, bytes) > MostBytesWaiting + bytes)
        {
            Interlocked.Add(ref _bytesWaiting, -bytes);
            return Task.FromException(
                new PointsNotTakenException($"More than {MostBytesWaiting >> 20} MB of points wait for the queue already."));
        }

        var request = new Request(segments.Count);
        foreach (var segment in segments)
        {
            if (!_waiting.Writer.TryWrite(new Segment(segment, request)))
            {
                return Task.FromException(new PointsNotTakenException("The queue is being closed."));
            }
        }

        return request.Taken;
    }

    /// <summary>
    /// Sets batches aside that cannot be written for the moment: they come back after a delay that grows with every attempt.
    /// That uses up no deliveries and holds nobody else up. The message that brought them is then done.
    /// </summary>
    /// <param name="batches">The batches.</param>
    /// <param name="attempts">How often they have been set aside before; none when they are to come back at once.</param>
    /// <param name="journaled">Whether they are in the journal.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task SetAsideAsync(
        IEnumerable<PointSegment> batches, int? attempts, bool journaled, CancellationToken cancellationToken)
    {
        var later = _time.GetUtcNow() + DelayAfter(attempts);
        return Task.WhenAll(Pack(batches).Select(body => _sender.ScheduleMessageAsync(
            new ServiceBusMessage(body)
            {
                ContentType = PointMessage.ContentType,
                ApplicationProperties = { [AttemptsProperty] = (attempts ?? -1) + 1, [JournaledProperty] = journaled },
            },
            later,
            cancellationToken)));
    }

    /// <summary>How often a message's batches have been set aside.</summary>
    public static int Attempts(ServiceBusReceivedMessage message) =>
        message.ApplicationProperties.TryGetValue(AttemptsProperty, out var value) && value is int attempts ? attempts : 0;

    /// <summary>Whether the message's batches are in the journal, since they were set aside only after that.</summary>
    public static bool IsJournaled(ServiceBusReceivedMessage message) =>
        message.ApplicationProperties.TryGetValue(JournaledProperty, out var value) && value is true;

    /// <summary>
    /// A dead letter as a message that is tried again as if its batches had just been received: whoever restores a backup from the
    /// journal looks for what came since, and what the journal had of them may be gone.
    /// </summary>
    internal static ServiceBusMessage Anew(ServiceBusReceivedMessage letter, DateTimeOffset now)
    {
        var message = new ServiceBusMessage(letter);
        message.ApplicationProperties.Remove(JournaledProperty);
        try
        {
            message.Body = new BinaryData(PointMessage.Join(
                [.. PointMessage.Read(letter.Body.ToMemory()).SelectMany(batch => PointMessage.ToSegments(batch with { ReceivedAt = now }))]));
        }
        catch (FormatException)
        {
            // No batch can be read: it is tried as it is.
        }

        return message;
    }

    /// <summary>Sends what was taken, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _loop;
        await _sender.DisposeAsync();
        _sends.Dispose();
    }

    // Half a second, doubling, to half a minute.
    private static TimeSpan DelayAfter(int? attempts) => attempts is { } before
        ? TimeSpan.FromSeconds(Math.Min(30, 0.5 * Math.Pow(2, Math.Min(before, 10))))
        : TimeSpan.Zero;

    private static IEnumerable<byte[]> Pack(IEnumerable<PointSegment> batches)
    {
        var group = new List<ReadOnlyMemory<byte>>();
        var bytes = 0;
        foreach (var (_, segment) in batches)
        {
            if (group.Count > 0 && bytes + segment.Length > LargestBody)
            {
                yield return PointMessage.Join(group);
                group.Clear();
                bytes = 0;
            }

            group.Add(segment);
            bytes += segment.Length;
        }

        if (group.Count > 0)
        {
            yield return PointMessage.Join(group);
        }
    }

    private async Task SendAllAsync()
    {
        while (await _waiting.Reader.WaitToReadAsync())
        {
            await _sends.WaitAsync();
            await LetOthersComeAsync();
            await SendAsync(TakeGroup()).WaitAsync(LongSend).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        for (var i = 0; i < MostSends; i++)
        {
            await _sends.WaitAsync();
        }
    }

    // Requests that have arrived and wait for a processor may as well share the message: this goes on behind them.
    private static Task LetOthersComeAsync()
    {
        var turn = new TaskCompletionSource();
        ThreadPool.UnsafeQueueUserWorkItem(static turn => turn.SetResult(), turn, preferLocal: false);
        return turn.Task;
    }

    private List<Segment> TakeGroup()
    {
        var group = new List<Segment>();
        var bytes = 0;
        while (_waiting.Reader.TryPeek(out var next) && (group.Count == 0 || bytes + next.Bytes.Length <= LargestBody))
        {
            _waiting.Reader.TryRead(out _);
            group.Add(next);
            bytes += next.Bytes.Length;
        }

        Interlocked.Add(ref _bytesWaiting, -bytes);
        return group;
    }

    private async Task SendAsync(List<Segment> group)
    {
        Exception? failure = null;
        try
        {
            await _sender.SendMessageAsync(new ServiceBusMessage(PointMessage.Join(group.ConvertAll(segment => segment.Bytes)))
            {
                ContentType = PointMessage.ContentType,
            });
        }
        catch (Exception notTaken)
        {
            failure = new PointsNotTakenException("The queue does not take points for the moment.", notTaken);
        }

        _sends.Release();

        // Whoever waited goes on where it is settled. A work item for each would cost more than what it has left to do, one for
        // all would leave the other processors without any.
        foreach (var together in group.Chunk(RequestsAnsweredTogether))
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static settled =>
                {
                    foreach (var segment in settled.Segments)
                    {
                        segment.Request.Settle(settled.Failure);
                    }
                },
                (Segments: together, Failure: failure),
                preferLocal: false);
        }
    }

    private readonly record struct Segment(ReadOnlyMemory<byte> Bytes, Request Request);

    /// <summary>A request that waits until all of its segments are in the queue.</summary>
    private sealed class Request(int segments)
    {
        private readonly TaskCompletionSource _taken = new();
        private int _missing = segments;

        public Task Taken => _taken.Task;

        public void Settle(Exception? failure)
        {
            if (failure is not null)
            {
                _taken.TrySetException(failure);
            }
            else if (Interlocked.Decrement(ref _missing) == 0)
            {
                _taken.TrySetResult();
            }
        }
    }
}
