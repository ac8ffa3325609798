using Microsoft.DurableTask.Client;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Security;

namespace WebHost.Servers;

/// <summary>What operators, and the servers themselves, have to say about orders. What is accepted is written before anything is begun.</summary>
public sealed class ServerOrdering(
    ControlDatabase control,
    OperationStarter starter,
    ServerOrders orders,
    TenantDatabaseStore databases,
    SecretStore secrets,
    Settings settings)
{
    /// <summary>Kind of the operation that carries out an order.</summary>
    public const string OperationKind = "take-server-into-service";

    /// <summary>
    /// Approves an order, or takes a failed one up again at other prices; one that is approved already is answered with its
    /// operation.
    /// </summary>
    /// <returns>The operation, or null when the order is over or unknown.</returns>
    public async Task<Guid?> ApproveAsync(
        DurableTaskClient client,
        Guid orderId,
        decimal monthlyCeilingEur,
        decimal setupCeilingEur,
        CancellationToken cancellationToken) =>
        await StartAsync(
            client, orderId, ServerOrderState.AwaitingApproval, monthlyCeilingEur, setupCeilingEur, cancellationToken)
        ?? await StartAsync(client, orderId, ServerOrderState.Failed, monthlyCeilingEur, setupCeilingEur, cancellationToken)
        ?? (await orders.FindAsync(orderId, cancellationToken) is { State: ServerOrderState.Approved } approved
            ? approved.OperationId
            : null);

    /// <summary>Takes an order up again whose operation failed; what was bought is found and used.</summary>
    /// <returns>The new operation, or null when the operation is not the failed, and last, one of an order.</returns>
    public async Task<Guid?> RetryAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        await orders.FindByOperationAsync(operationId, cancellationToken) is { } order
            ? await StartAsync(client, order.Id, ServerOrderState.Failed, null, null, cancellationToken)
            : null;

    /// <summary>Gives an order up. Its operation, if one runs, gives back what was bought.</summary>
    /// <exception cref="States.WrongTransitionException">The server is in service already.</exception>
    public async Task CancelAsync(DurableTaskClient client, ServerOrder order, CancellationToken cancellationToken)
    {
        if (order.State == ServerOrderState.Failed)
        {
            // Nobody is at work who could give anything back.
            await StartAsync(client, order.Id, ServerOrderState.Failed, null, null, cancellationToken);
        }

        await orders.EnterAsync(order.Id, ServerOrderState.Cancelled, cancellationToken);
        await TellAsync(client, await orders.GetAsync(order.Id, cancellationToken), cancellationToken);
    }

    /// <summary>Name of the secret that is the password of the Redis of an order's server.</summary>
    internal static string RedisSecret(Guid orderId) => $"server-order/{orderId}/redis";

    /// <summary>Keeps where an installed server's database and Redis are.</summary>
    public async Task NoteInstalledAsync(
        DurableTaskClient client, ServerOrder order, InstalledServer installed, CancellationToken cancellationToken)
    {
        var database = installed.Database;
        var added = await databases.AddAsync(
            database.Host, database.Port, database.Name, database.User, database.SslMode ?? "Require",
            database.CertificateSha256, cancellationToken);
        await secrets.SetAsync(added.SecretName(added.AdminUser), database.Password, cancellationToken);
        if (installed.Redis is { } redis)
        {
            await secrets.SetAsync(RedisSecret(order.Id), redis.Password, cancellationToken);
        }

        await orders.NoteInstalledAsync(
            order.Id,
            added.Id,
            installed.Redis is { } at ? new ServerRedis(at.Host, at.Port, at.User, at.CertificateSha256) : null,
            cancellationToken);
        await TellAsync(client, order, cancellationToken);
    }

    // A hint that may get lost: the order itself says what happened, and is looked at again after the polling interval.
    private static async Task TellAsync(DurableTaskClient client, ServerOrder order, CancellationToken cancellationToken)
    {
        if (order.OperationId is { } operationId)
        {
            await client.RaiseEventAsync(
                OperationStarter.InstanceId(operationId), TakeServerIntoService.OrderChanged, cancellation: cancellationToken);
        }
    }

    private async Task<Guid?> StartAsync(
        DurableTaskClient client,
        Guid orderId,
        ServerOrderState from,
        decimal? monthlyCeilingEur,
        decimal? setupCeilingEur,
        CancellationToken cancellationToken)
    {
        var operationId = Guid.CreateVersion7();
        var input = new ServerInput(
            operationId,
            orderId,
            new StepRetries(settings.StepAttempts, settings.FirstRetryInterval, settings.LongestRetryInterval),
            settings.ServerPollInterval,
            settings.ServerDeliveryDeadline,
            settings.ServerInstallDeadline);
        var planned = new PlannedOperation(
            operationId, OperationKind, null, nameof(TakeServerIntoService), input, TakeServerIntoService.Steps);
        var accepted = await control.TransactAsync(
            async transaction =>
            {
                if (!await ServerOrders.HoldAsync(transaction, orderId, from, cancellationToken))
                {
                    return false;
                }

                await OperationStore.AddAsync(transaction, planned, cancellationToken);
                await ServerOrders.ApproveAsync(
                    transaction, orderId, operationId, monthlyCeilingEur, setupCeilingEur, cancellationToken);
                return true;
            },
            cancellationToken);
        if (!accepted)
        {
            return null;
        }

        await starter.EnsureStartedAsync(client, operationId, cancellationToken);
        return operationId;
    }
}
