using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>Has a lost server take no more tenants.</summary>
public sealed class CloseServer(StepRunner steps, ServerStore servers)
{
    /// <summary>The step.</summary>
    [Function(nameof(CloseServer))]
    public Task<bool> RunAsync([ActivityTrigger] ServerFailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(CloseServer),
            async () =>
            {
                await servers.CloseAsync(input.ServerId, cancellationToken);
                return StepOutcome.Done("It takes no more tenants.");
            },
            cancellationToken);
}
