using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;

namespace WebHost.Emergency;

/// <summary>Asks the vendor what it says of the lost home, for the report. A vendor that does not answer holds nothing up.</summary>
public sealed class AskVendor(
    FailoverSteps steps,
    FailoverStore failovers,
    PlacementStore placements,
    ServerStore servers,
    FlyMachines machines,
    HetznerServers dedicated)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>The step.</summary>
    [Function(nameof(AskVendor))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(AskVendor),
            async failing =>
            {
                var source = await placements.GetHomeAsync(input.TenantId, failing.Failover.SourceHome, cancellationToken);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(Limit);
                string said;
                try
                {
                    said = source.Provider == HostingProvider.Fly
                        ? await AskFlyAsync(source.Names, limit.Token)
                        : await AskHetznerAsync(source.ServerId, limit.Token);
                }
                catch (Exception silent) when (!cancellationToken.IsCancellationRequested)
                {
                    said = $"The vendor did not say anything of use ({silent.GetType().Name}).";
                }

                await failovers.NoteAsync(input.OperationId, FailoverFacts.Vendor, said, cancellationToken);
                return StepOutcome.Done(said);
            },
            cancellationToken);

    private async Task<string> AskFlyAsync(ResourceNames names, CancellationToken cancellationToken)
    {
        var found = await machines.ListAsync(names.DatabaseApp, cancellationToken);
        return found.Count == 0
            ? "Fly.io has no machine of its database any more."
            : $"Fly.io says of its database: {string.Join(", ", found.Select(machine => $"machine {machine.Id} in {machine.Region} is {machine.State}"))}.";
    }

    private async Task<string> AskHetznerAsync(Guid? serverId, CancellationToken cancellationToken)
    {
        if (serverId is not { } id || await servers.FindAsync(id, cancellationToken) is not { } server)
        {
            return "It was on no server that we know.";
        }

        return await dedicated.FindAsync((int)server.ProviderServerNumber, cancellationToken) is { } known
            ? $"Hetzner says of {server.Name} ({known.Product}, {known.Datacenter}): {(known.Ready ? "ready" : "in process")}"
                + $"{(known.Cancelled ? ", cancelled" : "")}."
            : $"Hetzner does not know {server.Name} any more.";
    }
}
