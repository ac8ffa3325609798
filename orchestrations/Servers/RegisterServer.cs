using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Security;

namespace WebHost.Servers;

/// <summary>Opens the server's slots. Tenants that wait are offered them by the timer that offers every free slot.</summary>
public sealed class RegisterServer(
    StepRunner steps,
    OperationStore operations,
    ServerOrders orders,
    TenantDatabaseStore databases,
    SecretStore secrets,
    ServerRegistration registration,
    AlertStore alerts)
{
    /// <summary>The step, and the end of the operation.</summary>
    [Function(nameof(RegisterServer))]
    public async Task<bool> RunAsync([ActivityTrigger] ServerInput input, CancellationToken cancellationToken)
    {
        await steps.RunAsync(
            input.OperationId,
            nameof(RegisterServer),
            async () =>
            {
                var server = await orders.CompleteAsync(
                    input.OrderId, order => OpenAsync(order, cancellationToken), cancellationToken);
                await alerts.ResolveAsync(EndFailedOrder.Alert, input.OrderId.ToString(), cancellationToken);
                return StepOutcome.Done($"{server.Name} takes {server.Capacity} tenants.");
            },
            cancellationToken);
        await operations.EnterAsync(input.OperationId, OperationState.Succeeded, null, cancellationToken);
        return true;
    }

    private async Task<Server> OpenAsync(ServerOrder order, CancellationToken cancellationToken)
    {
        var database = await databases.GetAsync(order.DatabaseId!.Value, cancellationToken);
        var password = await secrets.GetAsync(database.SecretName(database.AdminUser), cancellationToken);
        var (server, _) = await registration.RegisterAsync(
            new NewServer(
                order.ServerName,
                order.ServerNumber!.Value,
                order.Location,
                order.ServerIp!,
                Server.MaximumCapacity,
                new NewServerDatabase(
                    database.Host, database.Port, database.Name, database.AdminUser, password, database.SslMode,
                    database.CertificateSha256),
                order.Redis is { } redis
                    ? new NewServerRedis(
                        redis.Host,
                        redis.Port,
                        redis.User,
                        await secrets.GetAsync(ServerOrdering.RedisSecret(order.Id), cancellationToken),
                        redis.CertificateSha256)
                    : null),
            cancellationToken);
        return server;
    }
}
