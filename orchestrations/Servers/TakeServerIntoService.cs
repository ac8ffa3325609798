using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;

namespace WebHost.Servers;

/// <summary>Takes an approved order of a shared server from Hetzner's catalog to its first tenants.</summary>
public static class TakeServerIntoService
{
    /// <summary>The event that says that the order has changed: the server reported, or an operator cancelled.</summary>
    public const string OrderChanged = nameof(OrderChanged);

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Steps { get; } =
    [
        new(nameof(PlaceOrder), "Order the server, with an SSH key of its own, within the approved price"),
        new(nameof(AwaitDelivery), "Wait until Hetzner delivers it"),
        new(nameof(SetFirewall), "Name the server and close its firewall"),
        new(nameof(AwaitInstallation), "Wait until the server reports that it is installed"),
        new(nameof(VerifyServer), "Prove that its database is fit for tenants"),
        new(nameof(RegisterServer), "Open its slots"),
    ];

    /// <summary>The orchestrator.</summary>
    [Function(nameof(TakeServerIntoService))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var input = context.GetInput<ServerInput>()!;
        var steps = new Saga(context, input, input.Retries);
        try
        {
            await UntilDoneAsync(context, input, steps, nameof(PlaceOrder), input.DeliveryDeadline);
            await UntilDoneAsync(context, input, steps, nameof(AwaitDelivery), input.DeliveryDeadline);
            await UntilDoneAsync(context, input, steps, nameof(SetFirewall), input.InstallDeadline);
            await UntilDoneAsync(context, input, steps, nameof(AwaitInstallation), input.InstallDeadline);
            await steps.RunFinalAsync(nameof(VerifyServer));
            await steps.RunFinalAsync(nameof(RegisterServer));
        }
        catch (TaskFailedException failure)
        {
            await EndAsync(context, input, failure.TaskName, failure.FailureDetails.ErrorMessage);
            throw;
        }
        catch (ServerOrderLateException late)
        {
            await EndAsync(context, input, late.Step, late.Message);
            throw;
        }
    }

    private static async Task UntilDoneAsync(
        TaskOrchestrationContext context, ServerInput input, Saga steps, string step, TimeSpan limit)
    {
        var deadline = context.CurrentUtcDateTime + limit;
        while (!await steps.RunFinalAsync(step))
        {
            if (context.CurrentUtcDateTime >= deadline)
            {
                throw new ServerOrderLateException(step, limit);
            }

            try
            {
                await context.WaitForExternalEvent<object>(OrderChanged, input.PollInterval);
            }
            catch (TaskCanceledException)
            {
                // Nobody said that anything changed; look all the same.
            }
        }
    }

    private static Task EndAsync(TaskOrchestrationContext context, ServerInput input, string step, string reason) =>
        context.PersistAsync(() => context.CallActivityAsync(
            nameof(EndFailedOrder), FailedServerOrder.Of(input, step, reason), input.Retries.ToUndoOptions()));
}

/// <summary>A step of a server's order waited longer than it may.</summary>
internal sealed class ServerOrderLateException(string step, TimeSpan limit)
    : Exception($"It was not done within {limit:g}.")
{
    /// <summary>The step that waited.</summary>
    public string Step { get; } = step;
}
