using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions.Tests;

public sealed class QueueTestFunctions(Recorder recorder)
{
    [Function("Single")]
    public async Task HandleOne(
        [ServiceBusTrigger("single", Connection = "TestQueues")] ServiceBusReceivedMessage message,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var body = message.Body.ToString();
        recorder.Add($"{body} {message.DeliveryCount}");
        switch (body)
        {
            case "poison":
                throw new InvalidOperationException("cannot be done");
            case "long":
                await recorder.Gate.Task.WaitAsync(cancellationToken);
                recorder.Add("long done");
                break;
        }
    }

    [Function("Batch")]
    public void Batch(
        [ServiceBusTrigger("%BatchQueue%", Connection = "TestQueues", IsBatched = true)] ServiceBusReceivedMessage[] messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        recorder.Add($"batch of {messages.Length}");
        if (Array.Exists(messages, message => message.Body.ToString() == "fails once" && message.DeliveryCount == 1))
        {
            throw new InvalidOperationException("cannot be done yet");
        }
    }

    [Function("Manual")]
    public async Task Manual(
        [ServiceBusTrigger("manual", Connection = "TestQueues", AutoCompleteMessages = false)] ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(actions);
        await (message.Body.ToString() switch
        {
            "complete" => actions.CompleteMessageAsync(message),
            "abandon" when message.DeliveryCount == 1 => actions.AbandonMessageAsync(
                message, new Dictionary<string, object> { ["seen"] = true }),
            "abandon" => actions.CompleteMessageAsync(message),
            "dead" => actions.DeadLetterMessageAsync(message, deadLetterReason: "unwanted"),
            "defer" => actions.DeferMessageAsync(message),
            _ => Task.CompletedTask,
        });
        recorder.Add($"{message.Body} {message.DeliveryCount} {message.ApplicationProperties.ContainsKey("seen")}");
    }
}
