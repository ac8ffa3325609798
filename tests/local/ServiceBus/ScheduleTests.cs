using Azure.Messaging.ServiceBus;

namespace WebHost.Local.ServiceBus.Tests;

public sealed class ScheduleTests(QueueDatabase database) : QueueTestBase(database)
{
    [Fact]
    public async Task A_scheduled_message_arrives_when_it_is_due_and_not_before()
    {
        var due = DateTimeOffset.UtcNow.AddSeconds(0.5);
        await Sender.ScheduleMessageAsync(new ServiceBusMessage("much later"), due.AddHours(1), Cancel);
        var number = await Sender.ScheduleMessageAsync(new ServiceBusMessage("later"), due, Cancel);

        var message = await ReceiveAsync();

        Assert.Equal("later", message.Body.ToString());
        Assert.True(message.EnqueuedTime >= due, $"Due {due:O}, enqueued {message.EnqueuedTime:O}.");
        Assert.True(message.SequenceNumber > number);
        await AssertEmptyAsync();
    }

    [Fact]
    public async Task A_scheduled_message_waits_while_others_pass()
    {
        await Sender.SendMessageAsync(
            new ServiceBusMessage("later") { ScheduledEnqueueTime = DateTimeOffset.UtcNow.AddSeconds(3) }, Cancel);
        await SendAsync("now");

        Assert.Equal("now", (await ReceiveAsync()).Body.ToString());
        Assert.Equal("later", (await ReceiveAsync()).Body.ToString());
    }

    [Fact]
    public async Task A_message_scheduled_in_the_past_arrives_at_once()
    {
        await Sender.ScheduleMessageAsync(new ServiceBusMessage("now"), DateTimeOffset.UtcNow.AddDays(-1), Cancel);

        Assert.NotNull(await Receiver.ReceiveMessageAsync(Soon, Cancel));
    }

    [Fact]
    public async Task A_cancelled_message_never_arrives_and_cannot_be_cancelled_again()
    {
        var number = await Sender.ScheduleMessageAsync(
            new ServiceBusMessage("never"), DateTimeOffset.UtcNow.AddHours(1), Cancel);

        await Sender.CancelScheduledMessageAsync(number, Cancel);

        Assert.Empty(await Receiver.PeekMessagesAsync(10, cancellationToken: Cancel));
        var exception = await Assert.ThrowsAsync<ServiceBusException>(
            () => Sender.CancelScheduledMessageAsync(number, Cancel));
        Assert.Equal(ServiceBusFailureReason.MessageNotFound, exception.Reason);
    }

    [Fact]
    public async Task A_message_whose_time_to_live_has_passed_is_not_delivered()
    {
        await Sender.SendMessageAsync(new ServiceBusMessage("short") { TimeToLive = TimeSpan.FromMilliseconds(1) }, Cancel);
        await SendAsync("long");

        Assert.Equal("long", (await ReceiveAsync()).Body.ToString());
        await AssertEmptyAsync();
    }
}
