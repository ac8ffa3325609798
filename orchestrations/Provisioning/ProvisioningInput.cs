using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;

namespace WebHost.Provisioning;

/// <summary>Input of the provisioning orchestrators and of every activity of theirs.</summary>
/// <param name="OperationId">The operation whose steps these are.</param>
/// <param name="TenantId">The tenant that is given a home.</param>
/// <param name="Home">Number of that home.</param>
/// <param name="Retries">How often steps are tried.</param>
public sealed record ProvisioningInput(Guid OperationId, Guid TenantId, long Home, StepRetries Retries)
{
    /// <summary>The mark that everything made for it bears at the vendors.</summary>
    internal ResourceOwner Owner => new(TenantId.ToString(), OperationId.ToString());
}

/// <summary>Finding the home that is being made.</summary>
internal static class ProvisionedHome
{
    /// <summary>The home.</summary>
    public static Task<TenantPlacement> GetHomeAsync(
        this PlacementStore placements, ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        placements.GetHomeAsync(provisioning.TenantId, provisioning.Home, cancellationToken);
}
