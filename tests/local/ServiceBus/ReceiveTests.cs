using System.Diagnostics;
using Azure.Messaging.ServiceBus;
using WebHost.Testing;

namespace WebHost.Local.ServiceBus.Tests;

public sealed class ReceiveTests(QueueDatabase database) : QueueTestBase(database)
{
    [Fact]
    public async Task A_receiver_that_waits_gets_a_message_as_soon_as_it_is_sent()
    {
        var clock = Stopwatch.StartNew();
        var waiting = Receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(20), Cancel);

        await NewClient().CreateSender(Queue).SendMessageAsync(new ServiceBusMessage("now"), Cancel);

        Assert.Equal("now", (await waiting)?.Body.ToString());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task A_wait_without_a_message_ends_with_nothing()
    {
        Assert.Null(await Receiver.ReceiveMessageAsync(Soon, Cancel));
        Assert.Empty(await Receiver.ReceiveMessagesAsync(10, Soon, Cancel));
    }

    [Fact]
    public async Task A_cancelled_wait_throws()
    {
        using var cancel = new CancellationTokenSource();
        var waiting = Receiver.ReceiveMessageAsync(TimeSpan.FromMinutes(1), cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_locked_message_is_not_received_again()
    {
        await SendAsync("one");
        await ReceiveAsync();

        await AssertEmptyAsync();
    }

    [Fact]
    public async Task A_completed_message_is_gone()
    {
        await SendAsync("one");
        await Receiver.CompleteMessageAsync(await ReceiveAsync(), Cancel);

        Assert.Empty(await Receiver.PeekMessagesAsync(10, cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_message_whose_lock_expired_is_delivered_again_and_its_old_holder_cannot_settle_it()
    {
        var receiver = NewClient(new QueueRules(TimeSpan.FromMilliseconds(300), 10)).CreateReceiver(Queue);
        await SendAsync("one");
        var first = await ReceiveAsync(receiver);

        var second = await ReceiveAsync(receiver);

        Assert.Equal(first.SequenceNumber, second.SequenceNumber);
        Assert.Equal(2, second.DeliveryCount);
        var exception = await Assert.ThrowsAsync<ServiceBusException>(() => receiver.CompleteMessageAsync(first, Cancel));
        Assert.Equal(ServiceBusFailureReason.MessageLockLost, exception.Reason);
        Assert.False(exception.IsTransient);
        await receiver.CompleteMessageAsync(second, Cancel);
    }

    [Fact]
    public async Task A_renewed_lock_holds_longer()
    {
        var receiver = NewClient(new QueueRules(TimeSpan.FromSeconds(3), 10)).CreateReceiver(Queue);
        await SendAsync("one");
        var message = await ReceiveAsync(receiver);
        var end = message.LockedUntil + TimeSpan.FromSeconds(3);

        while (message.LockedUntil < end)
        {
            Assert.Null(await receiver.ReceiveMessageAsync(TimeSpan.FromMilliseconds(200), Cancel));
            await receiver.RenewMessageLockAsync(message, Cancel);
        }

        await receiver.CompleteMessageAsync(message, Cancel);
    }

    [Fact]
    public async Task An_abandoned_message_comes_back_at_once_with_the_changed_properties()
    {
        await Sender.SendMessageAsync(
            new ServiceBusMessage("one") { ApplicationProperties = { ["kept"] = 1, ["changed"] = "old" } }, Cancel);

        await Receiver.AbandonMessageAsync(
            await ReceiveAsync(), new Dictionary<string, object> { ["changed"] = "new", ["added"] = 2L }, Cancel);
        var again = await ReceiveAsync();

        Assert.Equal(2, again.DeliveryCount);
        Assert.Equal(1, again.ApplicationProperties["kept"]);
        Assert.Equal("new", again.ApplicationProperties["changed"]);
        Assert.Equal(2L, again.ApplicationProperties["added"]);
    }

    [Fact]
    public async Task A_message_abandoned_ten_times_becomes_a_dead_letter()
    {
        await SendAsync("poison");
        for (var i = 1; i <= 10; i++)
        {
            var message = await ReceiveAsync();
            Assert.Equal(i, message.DeliveryCount);
            await Receiver.AbandonMessageAsync(message, cancellationToken: Cancel);
        }

        await AssertEmptyAsync();
        var dead = await ReceiveAsync(DeadLetters);
        Assert.Equal("poison", dead.Body.ToString());
        Assert.Equal("MaxDeliveryCountExceeded", dead.DeadLetterReason);
    }

    [Fact]
    public async Task A_message_whose_last_lock_expired_becomes_a_dead_letter()
    {
        var receiver = NewClient(new QueueRules(TimeSpan.FromMilliseconds(100), 2)).CreateReceiver(Queue);
        await SendAsync("poison");
        await ReceiveAsync(receiver);
        await ReceiveAsync(receiver);

        var dead = await Eventually.GetAsync(async () =>
        {
            Assert.Null(await receiver.ReceiveMessageAsync(TimeSpan.FromMilliseconds(50), Cancel));
            return await DeadLetters.ReceiveMessageAsync(TimeSpan.FromMilliseconds(50), Cancel);
        });
        Assert.Equal("MaxDeliveryCountExceeded", dead.DeadLetterReason);
        Assert.Equal(2, dead.DeliveryCount - 1);
    }

    [Fact]
    public async Task A_dead_letter_keeps_its_reason_and_can_be_sent_again_without_it()
    {
        await Sender.SendMessageAsync(new ServiceBusMessage("bad") { ApplicationProperties = { ["tenant"] = "t" } }, Cancel);
        await Receiver.DeadLetterMessageAsync(await ReceiveAsync(), "unreadable", "no such protocol", Cancel);

        var dead = await ReceiveAsync(DeadLetters);
        await Sender.SendMessageAsync(new ServiceBusMessage(dead), Cancel);
        await DeadLetters.CompleteMessageAsync(dead, Cancel);
        var again = await ReceiveAsync();

        Assert.Equal("unreadable", dead.DeadLetterReason);
        Assert.Equal("no such protocol", dead.DeadLetterErrorDescription);
        Assert.Equal("bad", again.Body.ToString());
        Assert.Equal(new Dictionary<string, object> { ["tenant"] = "t" }, again.ApplicationProperties);
        await AssertEmptyAsync(DeadLetters);
    }

    [Fact]
    public async Task A_deferred_message_is_received_by_its_number_alone()
    {
        await SendAsync("later");
        var message = await ReceiveAsync();
        await Receiver.DeferMessageAsync(message, cancellationToken: Cancel);

        await AssertEmptyAsync();
        var deferred = await Receiver.ReceiveDeferredMessageAsync(message.SequenceNumber, Cancel);
        await Receiver.CompleteMessageAsync(deferred, Cancel);

        Assert.Equal("later", deferred.Body.ToString());
        Assert.Equal(ServiceBusMessageState.Deferred, deferred.State);
        var exception = await Assert.ThrowsAsync<ServiceBusException>(
            () => Receiver.ReceiveDeferredMessageAsync(message.SequenceNumber, Cancel));
        Assert.Equal(ServiceBusFailureReason.MessageNotFound, exception.Reason);
    }

    [Fact]
    public async Task A_peek_shows_messages_in_every_state_and_goes_on_where_it_ended()
    {
        await Sender.SendMessagesAsync([new ServiceBusMessage("a"), new ServiceBusMessage("b")], Cancel);
        await Sender.ScheduleMessageAsync(new ServiceBusMessage("c"), DateTimeOffset.UtcNow.AddHours(1), Cancel);
        await ReceiveAsync();

        var first = await Receiver.PeekMessagesAsync(2, cancellationToken: Cancel);
        var second = await Receiver.PeekMessageAsync(cancellationToken: Cancel);

        Assert.Equal(["a", "b"], first.Select(message => message.Body.ToString()));
        Assert.Equal(ServiceBusMessageState.Scheduled, second?.State);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Receiver.CompleteMessageAsync(first[0], Cancel));
        Assert.Equal("a", (await Receiver.PeekMessageAsync(0, Cancel))?.Body.ToString());
    }

    [Fact]
    public async Task A_message_received_and_deleted_is_gone()
    {
        var receiver = Client.CreateReceiver(
            Queue, new ServiceBusReceiverOptions { ReceiveMode = ServiceBusReceiveMode.ReceiveAndDelete });
        await SendAsync("one");

        var message = await ReceiveAsync(receiver);

        Assert.Empty(await Receiver.PeekMessagesAsync(10, cancellationToken: Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(() => receiver.CompleteMessageAsync(message, Cancel));
    }

    [Fact]
    public async Task Receivers_in_competition_share_the_messages()
    {
        await Sender.SendMessagesAsync(Enumerable.Range(0, 1000).Select(i => new ServiceBusMessage($"{i}")), Cancel);

        var received = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var mine = new List<string>();
            while (await Receiver.ReceiveMessagesAsync(20, Soon, Cancel) is { Count: > 0 } messages)
            {
                mine.AddRange(messages.Select(message => message.Body.ToString()));
                await Task.WhenAll(messages.Select(message => Receiver.CompleteMessageAsync(message, Cancel)));
            }

            return mine;
        }));

        Assert.Equal(
            Enumerable.Range(0, 1000).Select(i => $"{i}").Order(StringComparer.Ordinal),
            received.SelectMany(mine => mine).Order(StringComparer.Ordinal));
    }
}
