using Azure.Messaging.ServiceBus;
using WebHost.Gps.Ingestion;
using WebHost.Testing;

namespace WebHost.Tests.Gps.Ingestion;

public sealed class PointQueueTests
{
    private static readonly Guid Tenant = Guid.NewGuid();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Enqueue_lone_batch_is_in_the_queue_when_it_returns()
    {
        await using var fixture = await QueueFixture.CreateAsync();
        var batch = Batches.Of(Tenant, Guid.NewGuid(), 3);

        await fixture.Queue.EnqueueAsync([batch]);

        var message = await fixture.Receiver.PeekMessageAsync(cancellationToken: Cancellation);
        Batches.AssertSame(batch, PointMessage.Read(message!.Body.ToMemory()));
    }

    [Fact]
    public async Task Enqueue_batches_that_come_together_share_messages_and_all_are_there()
    {
        const int requests = 2_000;
        await using var fixture = await QueueFixture.CreateAsync();
        var batches = Enumerable.Range(0, requests).Select(_ => Batches.Of(Guid.NewGuid(), Guid.NewGuid(), 1)).ToList();

        await Task.WhenAll(batches.Select(batch => fixture.Queue.EnqueueAsync([batch])));

        var messages = await fixture.ReceiveAllAsync();
        Assert.InRange(messages.Count, 1, requests / 20);
        Assert.Equal(
            batches.Select(batch => batch.TenantId).Order(),
            messages.SelectMany(message => PointMessage.Read(message.Body.ToMemory())).Select(batch => batch.TenantId).Order());
    }

    [Fact]
    public async Task Enqueue_whose_caller_is_slow_to_go_on_holds_up_few_of_those_that_shared_its_message()
    {
        await using var fixture = await QueueFixture.CreateAsync();
        using var goOn = new ManualResetEventSlim();
        var slow = Task.Run(
            async () =>
            {
                await fixture.Queue.EnqueueAsync([Batches.Of(Tenant, Guid.NewGuid(), 1)]);
                goOn.Wait(Cancellation);
            },
            Cancellation);
        var others = Enumerable.Range(0, 200)
            .Select(_ => fixture.Queue.EnqueueAsync([Batches.Of(Tenant, Guid.NewGuid(), 1)])).ToList();

        await Eventually.IsTrueAsync(() => Task.FromResult(others.Count(other => other.IsCompletedSuccessfully) > 180));

        Assert.False(slow.IsCompleted);
        goOn.Set();
        await Task.WhenAll([slow, .. others]);
    }

    [Fact]
    public async Task Enqueue_batch_larger_than_a_message_arrives_whole()
    {
        await using var fixture = await QueueFixture.CreateAsync();
        var batch = Batches.Of(Tenant, Guid.NewGuid(), 20_000, extras: "{\"odometer\":123456.7,\"motion\":true}");

        await fixture.Queue.EnqueueAsync([batch]);

        var messages = await fixture.ReceiveAllAsync();
        Assert.True(messages.Count > 4);
        var points = messages.SelectMany(message => PointMessage.Read(message.Body.ToMemory())).SelectMany(part => part.Points);
        Assert.Equal(batch.Points.OrderBy(point => point.Time), points.OrderBy(point => point.Time));
    }

    [Fact]
    public async Task Enqueue_when_the_queue_does_not_answer_fails_everybody_whose_points_were_in_the_message()
    {
        await using var client = new ServiceBusClient("Host=127.0.0.1;Port=1;Username=x;Password=x;Database=x;Timeout=1");
        await using var queue = new PointQueue(client, TimeProvider.System);

        var requests = Enumerable.Range(0, 50)
            .Select(_ => queue.EnqueueAsync([Batches.Of(Tenant, Guid.NewGuid(), 1)])).ToList();

        foreach (var request in requests)
        {
            await Assert.ThrowsAsync<PointsNotTakenException>(() => request);
        }
    }

    [Fact]
    public async Task SetAside_batches_come_back_later_with_their_attempts_counted()
    {
        await using var fixture = await QueueFixture.CreateAsync();
        var batch = Batches.Of(Tenant, Guid.NewGuid(), 1);

        var before = DateTimeOffset.UtcNow;
        await fixture.Queue.SetAsideAsync([PointSegment.Write(batch)], attempts: 0, journaled: true, Cancellation);

        var message = await fixture.Receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(10), Cancellation);
        Assert.InRange(DateTimeOffset.UtcNow - before, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(10));
        Assert.Equal((1, true), (PointQueue.Attempts(message!), PointQueue.IsJournaled(message!)));
        Batches.AssertSame(batch, PointMessage.Read(message!.Body.ToMemory()));
    }

    [Fact]
    public async Task Replayed_dead_letter_is_in_the_queue_again_as_received_now()
    {
        await using var fixture = await QueueFixture.CreateAsync();
        await using var deadLetters = new DeadLetters(fixture.Client, TimeProvider.System);
        var batch = Batches.Of(Tenant, Guid.NewGuid(), 7);
        await fixture.Queue.EnqueueAsync([batch]);
        await fixture.Receiver.DeadLetterMessageAsync(
            Assert.Single(await fixture.ReceiveAllAsync()), "unwritable", "says the database", Cancellation);

        var letter = Assert.Single(await deadLetters.ListAsync(0, 10, Cancellation));
        var before = DateTimeOffset.UtcNow;
        var replayed = await deadLetters.ReplayAsync(10, Cancellation);

        Assert.Equal(("unwritable", "says the database"), (letter.Reason, letter.Description));
        Assert.Equal((Tenant, batch.DeviceId, 7), Assert.Single(letter.Batches) is var dead ? (dead.TenantId, dead.DeviceId, dead.Points) : default);
        Assert.Equal(1, replayed);
        Assert.Empty(await deadLetters.ListAsync(0, 10, Cancellation));
        var again = Assert.Single(PointMessage.Read(Assert.Single(await fixture.ReceiveAllAsync()).Body.ToMemory()));
        Assert.InRange(again.ReceivedAt, before, DateTimeOffset.UtcNow);
        Batches.AssertSame(batch with { ReceivedAt = again.ReceivedAt }, [again]);
        Assert.Equal(0, await deadLetters.ReplayAsync(10, Cancellation));
    }

    [Fact]
    public async Task Dead_letters_are_listed_in_pages()
    {
        await using var fixture = await QueueFixture.CreateAsync();
        await using var deadLetters = new DeadLetters(fixture.Client, TimeProvider.System);
        for (var i = 0; i < 5; i++)
        {
            await fixture.Queue.EnqueueAsync([Batches.Of(Tenant, Guid.NewGuid(), 1)]);
        }

        foreach (var message in await fixture.ReceiveAllAsync())
        {
            await fixture.Receiver.DeadLetterMessageAsync(message, cancellationToken: Cancellation);
        }

        var first = await deadLetters.ListAsync(0, 3, Cancellation);
        var second = await deadLetters.ListAsync(first[^1].SequenceNumber, 3, Cancellation);

        Assert.Equal((3, 2), (first.Count, second.Count));
        Assert.Equal(5, first.Concat(second).Select(letter => letter.SequenceNumber).Distinct().Count());
    }
}
