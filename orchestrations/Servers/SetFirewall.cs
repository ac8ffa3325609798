using Microsoft.Azure.Functions.Worker;
using WebHost.Configuration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Providers.Hetzner;

namespace WebHost.Servers;

/// <summary>Gives the server our name for it, and has Hetzner's firewall let in what it serves and nothing else.</summary>
public sealed class SetFirewall(
    StepRunner steps, OperationStore operations, ServerOrders orders, HetznerServers servers, Settings settings)
{
    /// <summary>The step. False until the rules are in effect.</summary>
    [Function(nameof(SetFirewall))]
    public Task<bool> RunAsync([ActivityTrigger] ServerInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(SetFirewall),
            async () =>
            {
                var order = await orders.GetWantedAsync(input.OrderId, cancellationToken);
                var number = order.ServerNumber!.Value;
                var rules = ServerFirewall.Rules(settings.ServerTrustedNetworks);
                await servers.RenameAsync(number, order.ServerName, cancellationToken);
                try
                {
                    await servers.SetFirewallAsync(number, rules, cancellationToken);
                }
                catch (ProviderException busy) when (busy.Code == "FIREWALL_IN_PROCESS")
                {
                    return await WaitAsync();
                }

                return await servers.IsFirewallActiveAsync(number, cancellationToken)
                    ? StepOutcome.Done($"{rules.Input.Count} rules for what comes in.")
                    : await WaitAsync();

                async Task<StepOutcome> WaitAsync()
                {
                    await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                    return StepOutcome.Waits("Robot is applying the firewall's rules.");
                }
            },
            cancellationToken);
}
