using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Servers;

/// <summary>Proves that the server's database has what tenants need before any is sent there.</summary>
public sealed class VerifyServer(
    StepRunner steps, ServerOrders orders, TenantDatabaseStore databases, TenantDatabaseSetup setup)
{
    /// <summary>The step.</summary>
    [Function(nameof(VerifyServer))]
    public Task<bool> RunAsync([ActivityTrigger] ServerInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(VerifyServer),
            async () =>
            {
                var order = await orders.GetWantedAsync(input.OrderId, cancellationToken);
                var database = await databases.GetAsync(order.DatabaseId!.Value, cancellationToken);
                return StepOutcome.Done(await setup.InspectAsync(database, cancellationToken));
            },
            cancellationToken);
}
