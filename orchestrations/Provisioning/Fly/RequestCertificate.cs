using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers.Fly;

namespace WebHost.Provisioning.Fly;

/// <summary>Requests the certificate of the tenant's hostname. Fly issues it on its own time, and it goes with the app.</summary>
public sealed class RequestCertificate(StepRunner steps, PlacementStore placements, FlyCertificates certificates)
{
    /// <summary>The step.</summary>
    [Function(nameof(RequestCertificate))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(RequestCertificate),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var certificate = await certificates.EnsureCertificateAsync(
                    placement.Names.App, placement.Hostname, cancellationToken);
                return StepOutcome.Done($"{certificate.Hostname}: {certificate.Status ?? "requested"}.");
            },
            cancellationToken);
}
