using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Emergency;

/// <summary>Looks whether a home that a migration has left can take the tenant back.</summary>
public sealed class CheckStandingHome(FailoverSteps steps, HomeProbe probe)
{
    /// <summary>The step.</summary>
    [Function(nameof(CheckStandingHome))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(CheckStandingHome),
            async failing =>
            {
                var found = await probe.LookAsync(failing.TargetDatabase, input.TenantId, cancellationToken);
                return found.Presence is HomePresence.Present or HomePresence.Serving
                    ? StepOutcome.Done(found.Detail)
                    : throw new StepRefusedException($"{found.Detail} Ask for another emergency migration to go elsewhere.");
            },
            cancellationToken);
}
