using System.Collections.Concurrent;
using Azure.Messaging.ServiceBus;
using WebHost.Testing;

namespace WebHost.Local.ServiceBus.Tests;

public sealed class CrashTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_acknowledged_before_the_server_is_killed_are_there_after_and_the_client_goes_on()
    {
        await using var server = await PrivatePostgres.StartNewAsync();
        await using var client = new ServiceBusClient(server.ConnectionString);
        var sender = client.CreateSender("crash");
        var acknowledged = new ConcurrentBag<string>();
        var stop = false;
        var sending = Task.WhenAll(Enumerable.Range(0, 20).Select(worker => Task.Run(
            async () =>
            {
                for (var i = 0; !Volatile.Read(ref stop); i++)
                {
                    await sender.SendMessageAsync(new ServiceBusMessage($"{worker}-{i}"), Cancel);
                    acknowledged.Add($"{worker}-{i}");
                }
            },
            Cancel)));
        await Eventually.IsTrueAsync(() => Task.FromResult(acknowledged.Count > 500));

        await server.KillAsync();
        var before = acknowledged.Count;
        await server.StartAsync();
        await Eventually.IsTrueAsync(() => Task.FromResult(acknowledged.Count > before + 100));
        Volatile.Write(ref stop, true);
        await sending;

        var receiver = client.CreateReceiver("crash");
        var received = new HashSet<string>();
        while (await receiver.ReceiveMessagesAsync(1000, TimeSpan.FromSeconds(1), Cancel) is { Count: > 0 } messages)
        {
            received.UnionWith(messages.Select(message => message.Body.ToString()));
            await Task.WhenAll(messages.Select(message => receiver.CompleteMessageAsync(message, Cancel)));
        }

        Assert.Empty(acknowledged.Except(received));
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_a_transient_failure_that_tells_no_secret()
    {
        await using var client = new ServiceBusClient("Host=127.0.0.1;Port=1;Username=u;Password=very-secret;Timeout=1");

        var exception = await Assert.ThrowsAsync<ServiceBusException>(
            () => client.CreateSender("q").SendMessageAsync(new ServiceBusMessage("x"), Cancel));

        Assert.True(exception.IsTransient);
        Assert.Equal(ServiceBusFailureReason.ServiceCommunicationProblem, exception.Reason);
        Assert.DoesNotContain("very-secret", exception.ToString(), StringComparison.Ordinal);
    }
}
