using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers.Cloudflare;

namespace WebHost.Provisioning;

/// <summary>Makes the tenant's hostname lead to where the tenant lives.</summary>
public sealed class PointHostname(StepRunner steps, PlacementStore placements, ServerStore servers, DnsRecords dns)
{
    /// <summary>The step.</summary>
    [Function(nameof(PointHostname))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(PointHostname),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var (type, content) = await TargetAsync(placement, cancellationToken);
                await dns.EnsureAsync(type, placement.Hostname, content, provisioning.Owner, cancellationToken);
                return StepOutcome.Done($"{placement.Hostname} {type} {content}.");
            },
            cancellationToken);

    /// <summary>Removes the tenant's records of that hostname.</summary>
    [Function("Undo" + nameof(PointHostname))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(PointHostname),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                await dns.DeleteAsync(placement.Hostname, provisioning.Owner, cancellationToken);
            },
            cancellationToken);

    private async Task<(string Type, string Content)> TargetAsync(TenantPlacement placement, CancellationToken cancellationToken)
    {
        if (placement.ServerId is not { } serverId)
        {
            return ("CNAME", $"{placement.Names.App}.fly.dev");
        }

        var server = await servers.FindAsync(serverId, cancellationToken)
            ?? throw new InvalidOperationException($"There is no server {serverId}.");
        return (server.Address.Contains(':', StringComparison.Ordinal) ? "AAAA" : "A", server.Address);
    }
}
