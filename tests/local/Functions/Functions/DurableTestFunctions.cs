using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace WebHost.Local.Functions.Tests;

public sealed class DurableTestFunctions(Recorder recorder, ScopedThing scoped)
{
    [Function("Start")]
    public static async Task<IActionResult> Start(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "orders/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(client);
        await client.ScheduleNewOrchestrationInstanceAsync(
            "Order", new Order(id, 2), new StartOrchestrationOptions(id), cancellationToken);
        return new AcceptedResult();
    }

    [Function("Order")]
    public static async Task<string> RunOrder([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var order = context.GetInput<Order>()!;
        var price = await context.CallActivityAsync<decimal>("Price", order);
        try
        {
            await context.CallActivityAsync("Refuse", order.Id);
            return "accepted";
        }
        catch (TaskFailedException exception)
        {
            return $"{order.Id} costs {price}, {exception.FailureDetails.ErrorType}: {exception.FailureDetails.ErrorMessage}";
        }
    }

    [Function("Price")]
    public Task<decimal> Price([ActivityTrigger] Order order, FunctionContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        recorder.Add($"{context.FunctionDefinition.Name} in scope {scoped.Id}");
        return Task.FromResult(order.Quantity * 1.5m);
    }

    [Function("Refuse")]
    public void Refuse([ActivityTrigger] string id)
    {
        recorder.Add($"Refuse in scope {scoped.Id}");
        throw new NotSupportedException($"{id} is refused");
    }
}
