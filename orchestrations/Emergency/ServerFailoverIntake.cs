using Microsoft.DurableTask.Client;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>What operators, and proposals, want of lost servers.</summary>
public sealed class ServerFailoverIntake(
    ControlDatabase control,
    OperationStarter starter,
    OperationStore operations,
    ServerStore servers,
    TenantDatabaseStore databases,
    FailoverStore failovers,
    HomeProbe probe,
    Settings settings)
{
    /// <summary>Kind of the operation.</summary>
    public const string OperationKind = "server-failover";

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>Accepts the failover of all tenants of a server and starts it.</summary>
    /// <param name="client">Starts its orchestration.</param>
    /// <param name="serverId">The server.</param>
    /// <param name="request">Why; target and region are each tenant's own matter.</param>
    /// <param name="cancellationToken">Cancels accepting.</param>
    /// <param name="operationId">Its id, where the caller has one to repeat it with; what has been accepted is then only started.</param>
    /// <returns>The operation.</returns>
    /// <exception cref="ServerUnknownException">There is no such server.</exception>
    /// <exception cref="MoveRefusedException">It answers, or is failed over already.</exception>
    public async Task<Guid> StartAsync(
        DurableTaskClient client,
        Guid serverId,
        FailoverRequest request,
        CancellationToken cancellationToken,
        Guid? operationId = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        var id = operationId ?? Guid.CreateVersion7();
        if (operationId is null || await operations.FindAsync(id, cancellationToken) is null)
        {
            var server = await servers.FindAsync(serverId, cancellationToken) ?? throw new ServerUnknownException(serverId);
            var found = await LookAsync(server, request, cancellationToken);
            var input = new ServerFailoverInput(
                id,
                serverId,
                request.Reason,
                found,
                new StepRetries(settings.StepAttempts, settings.FirstRetryInterval, settings.LongestRetryInterval),
                PollInterval);
            await control.TransactAsync(
                async transaction =>
                {
                    // Two requests line up here.
                    await transaction.Sql("SELECT FROM servers WHERE id = $1 FOR UPDATE", serverId).RunAsync(cancellationToken);
                    if (await FailoverStore.FindOfServerAsync(transaction, serverId, cancellationToken) is { } other)
                    {
                        throw new MoveRefusedException($"Server {server.Name} is failed over already: operation {other}.");
                    }

                    await OperationStore.AddAsync(
                        transaction,
                        new PlannedOperation(
                            id, OperationKind, TenantId: null, nameof(FailOverServer), input, FailOverServer.Steps),
                        cancellationToken);
                    await FailoverStore.AddServerAsync(transaction, id, serverId, request.Reason, cancellationToken);
                    return true;
                },
                cancellationToken);
        }

        await starter.EnsureStartedAsync(client, id, cancellationToken);
        return id;
    }

    // Any of its tenants will do to ask for.
    private async Task<HomeCondition> LookAsync(Server server, FailoverRequest request, CancellationToken cancellationToken)
    {
        var tenants = await failovers.ListTenantsOnAsync(server.Id, partOf: null, cancellationToken);
        if (tenants.Count == 0)
        {
            throw new MoveRefusedException($"Server {server.Name} serves no tenant.");
        }

        var found = await probe.LookAsync(
            await databases.GetAsync(server.DatabaseId, cancellationToken), tenants[0], cancellationToken);
        return found.Presence != HomePresence.Serving || request.Force
            ? found
            : throw new MoveRefusedException(
                $"Server {server.Name} is well. {found.Detail} With \"force\": true its tenants are failed over all the same.");
    }
}

/// <summary>There is no such server.</summary>
public sealed class ServerUnknownException(Guid serverId)
    : Exception($"There is no server {serverId}. GET /api/servers lists them.");
