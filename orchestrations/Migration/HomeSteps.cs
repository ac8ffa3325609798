using WebHost.Operations;
using WebHost.Plans;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;

namespace WebHost.Migration;

/// <summary>The steps of provisioning that make a home, without those that open it for business.</summary>
internal static class HomeSteps
{
    private static readonly HashSet<string> Opening = [nameof(PointHostname), nameof(VerifyHome), nameof(ActivateTenant)];

    // What they make goes with what another step made.
    private static readonly HashSet<string> LeaveNothing =
        [nameof(AssignAddresses), nameof(StartReplicas), nameof(PrepareDatabase), nameof(RequestCertificate)];

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Of(HostingProvider provider) =>
        [.. (provider == HostingProvider.Fly ? ProvisionOnFly.Steps : ProvisionOnHetzner.Steps)
            .Where(step => !Opening.Contains(step.Name))];

    /// <summary>Whether a step leaves something to take back.</summary>
    public static bool Leaves(string step) => !LeaveNothing.Contains(step);
}
