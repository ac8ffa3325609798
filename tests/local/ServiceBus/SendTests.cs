using System.Runtime.Serialization;
using Azure.Messaging.ServiceBus;
using CsCheck;

namespace WebHost.Local.ServiceBus.Tests;

public sealed class SendTests(QueueDatabase database) : QueueTestBase(database)
{
    [Fact]
    public async Task A_message_arrives_as_it_was_sent()
    {
        var sent = new ServiceBusMessage(BinaryData.FromBytes(new byte[] { 0, 1, 255 }))
        {
            MessageId = "id-1",
            Subject = "points",
            ContentType = "application/octet-stream",
            CorrelationId = "operation-7",
            TimeToLive = TimeSpan.FromHours(1),
        };
        sent.ApplicationProperties["tenant"] = "t1";

        await Sender.SendMessageAsync(sent, Cancel);
        var received = await ReceiveAsync();

        Assert.Equal(new byte[] { 0, 1, 255 }, received.Body.ToArray());
        Assert.Equal("id-1", received.MessageId);
        Assert.Equal("points", received.Subject);
        Assert.Equal("application/octet-stream", received.ContentType);
        Assert.Equal("operation-7", received.CorrelationId);
        Assert.Equal(TimeSpan.FromHours(1), received.TimeToLive);
        Assert.Equal("t1", received.ApplicationProperties["tenant"]);
        Assert.Equal(1, received.DeliveryCount);
        Assert.InRange(received.EnqueuedTime, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.InRange(received.LockedUntil - received.EnqueuedTime, TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_message_without_an_id_is_given_one()
    {
        await SendAsync("body");

        Assert.NotEmpty((await ReceiveAsync()).MessageId);
    }

    [Fact]
    public async Task Two_messages_with_one_id_are_two_messages()
    {
        await Sender.SendMessagesAsync(
            [new ServiceBusMessage("a") { MessageId = "same" }, new ServiceBusMessage("b") { MessageId = "same" }], Cancel);

        Assert.Equal(2, (await Receiver.ReceiveMessagesAsync(10, Soon, Cancel)).Count);
    }

    [Fact]
    public async Task Application_properties_of_every_type_arrive_with_their_type()
    {
        await Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 8], PropertyValue)
            .Array[0, 8]
            .SampleAsync(
                async properties =>
                {
                    var message = new ServiceBusMessage("x");
                    foreach (var (name, value) in properties)
                    {
                        message.ApplicationProperties[name] = value;
                    }

                    await Sender.SendMessageAsync(message, Cancel);
                    var received = await ReceiveAsync();
                    await Receiver.CompleteMessageAsync(received, Cancel);
                    Assert.Equal(
                        message.ApplicationProperties.OrderBy(property => property.Key, StringComparer.Ordinal),
                        received.ApplicationProperties.OrderBy(property => property.Key, StringComparer.Ordinal));
                },
                iter: 60,
                threads: 1);
    }

    [Fact]
    public async Task An_application_property_of_an_unsupported_type_is_refused()
    {
        var message = new ServiceBusMessage("x") { ApplicationProperties = { ["list"] = new List<int>() } };

        var exception = await Assert.ThrowsAsync<SerializationException>(() => Sender.SendMessageAsync(message, Cancel));

        Assert.Contains("'list'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_over_the_standard_tiers_limit_is_refused_and_not_stored()
    {
        var exception = await Assert.ThrowsAsync<ServiceBusException>(
            () => Sender.SendMessageAsync(new ServiceBusMessage(new byte[256 * 1024]), Cancel));

        Assert.Equal(ServiceBusFailureReason.MessageSizeExceeded, exception.Reason);
        await AssertEmptyAsync();
    }

    [Fact]
    public async Task A_message_of_255_kilobytes_arrives_whole()
    {
        var body = new byte[255 * 1024];
        Random.Shared.NextBytes(body);

        await Sender.SendMessageAsync(new ServiceBusMessage(body), Cancel);

        Assert.Equal(body, (await ReceiveAsync()).Body.ToArray());
    }

    [Fact]
    public async Task A_batch_takes_messages_until_it_is_full_and_is_sent_whole()
    {
        using var batch = await Sender.CreateMessageBatchAsync(Cancel);
        while (batch.TryAddMessage(new ServiceBusMessage(new byte[10_000])))
        {
        }

        await Sender.SendMessagesAsync(batch, Cancel);

        Assert.InRange(batch.Count, 25, 26);
        Assert.InRange(batch.SizeInBytes, 250_000, batch.MaxSizeInBytes);
        Assert.Equal(batch.Count, (await Receiver.ReceiveMessagesAsync(100, Soon, Cancel)).Count);
    }

    [Fact]
    public async Task Messages_of_one_sender_are_received_in_the_order_of_their_sending()
    {
        for (var i = 0; i < 50; i++)
        {
            await SendAsync($"{i}");
        }

        var received = await Receiver.ReceiveMessagesAsync(100, Soon, Cancel);

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), received.Select(message => message.Body.ToString()));
    }

    [Fact]
    public async Task Many_senders_at_once_lose_and_double_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => SendAsync($"{i}")));

        var received = new HashSet<string>();
        while (received.Count < 2000)
        {
            foreach (var message in await Receiver.ReceiveMessagesAsync(500, TimeSpan.FromSeconds(5), Cancel))
            {
                Assert.True(received.Add(message.Body.ToString()));
            }
        }

        await AssertEmptyAsync();
    }

    [Fact]
    public async Task A_message_that_the_database_refuses_fails_alone_among_those_sent_with_it()
    {
        var sends = Enumerable.Range(0, 200)
            .Select(i => Sender.SendMessageAsync(
                new ServiceBusMessage("x") { Subject = i == 100 ? "no \0 in text" : "fine" }, Cancel))
            .ToArray();

        await Task.WhenAll(sends).ContinueWith(_ => { }, Cancel, TaskContinuationOptions.None, TaskScheduler.Default);

        var failed = sends.Index().Where(send => send.Item.IsFaulted).ToArray();
        Assert.True(
            failed is [(100, { Exception.InnerException: ServiceBusException { IsTransient: false } })],
            string.Join("; ", failed.Select(send => $"{send.Index}: {send.Item.Exception!.InnerException!.Message}")));
        Assert.Equal(199, (await Receiver.ReceiveMessagesAsync(500, Soon, Cancel)).Count);
    }

    [Fact]
    public async Task A_queue_is_found_whatever_the_case_of_its_name()
    {
        await Client.CreateSender(Queue.ToUpperInvariant()).SendMessageAsync(new ServiceBusMessage("x"), Cancel);

        await ReceiveAsync();
    }

    [Fact]
    public async Task A_client_that_is_disposed_has_sent_what_was_given_to_it()
    {
        var client = NewClient();
        var sends = Enumerable.Range(0, 100)
            .Select(_ => client.CreateSender(Queue).SendMessageAsync(new ServiceBusMessage("x"), Cancel))
            .ToArray();

        await client.DisposeAsync();
        await Task.WhenAll(sends);

        Assert.Equal(100, (await Receiver.ReceiveMessagesAsync(200, Soon, Cancel)).Count);
    }

    private static string[] Awkward { get; } = ["", "ü\"\\\n", "{\"int\": \"1\"}"];

    private static Gen<object> PropertyValue { get; } = Gen.OneOf(
        Gen.Char['a', 'z'].Array[0, 20].Select(text => (object)new string(text)),
        Gen.Int[0, Awkward.Length - 1].Select(index => (object)Awkward[index]),
        Gen.Bool.Select(value => (object)value),
        Gen.Byte.Select(value => (object)value),
        Gen.SByte.Select(value => (object)value),
        Gen.Short.Select(value => (object)value),
        Gen.UShort.Select(value => (object)value),
        Gen.Int.Select(value => (object)value),
        Gen.UInt.Select(value => (object)value),
        Gen.Long.Select(value => (object)value),
        Gen.ULong.Select(value => (object)value),
        Gen.Float.Select(value => (object)value),
        Gen.Double.Select(value => (object)value),
        Gen.Decimal.Select(value => (object)value),
        Gen.Char['a', 'z'].Select(value => (object)value),
        Gen.Guid.Select(value => (object)value),
        Gen.DateTimeOffset.Select(value => (object)value),
        Gen.DateTime.Select(value => (object)DateTime.SpecifyKind(value, DateTimeKind.Utc)),
        Gen.TimeSpan.Select(value => (object)value),
        Gen.Guid.Select(value => (object)new Uri($"https://example.com/{value}?q=a%20b")));
}
