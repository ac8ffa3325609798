using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;

namespace WebHost.Provisioning.Hetzner;

/// <summary>Gives a tenant a home on a shared server.</summary>
public static class ProvisionOnHetzner
{
    /// <summary>The event that says that a slot may be free.</summary>
    public const string SlotOffered = nameof(SlotOffered);

    // Should an offer get lost, the tenant still finds the slot within the hour.
    private static readonly TimeSpan LookAgain = TimeSpan.FromHours(1);

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Steps { get; } =
    [
        new(nameof(ReserveSlot), "Reserve a slot on a shared server"),
        new(nameof(MakeHomeInDatabase), "Create the tenant's role and limits in the server's database"),
        new(nameof(GrantRedis), "Create the tenant's user in the server's Redis"),
        new(nameof(PointHostname), "Point the tenant's hostname at the server"),
        new(nameof(VerifyHome), "Prove that the tenant can write, and sees only its own rows"),
        new(nameof(ActivateTenant), "Open for business"),
    ];

    /// <summary>The orchestrator.</summary>
    [Function(nameof(ProvisionOnHetzner))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var provisioning = context.GetInput<ProvisioningInput>()!;
        var saga = new Saga(context, provisioning, provisioning.Retries);
        try
        {
            while (!await saga.RunAsync(nameof(ReserveSlot)))
            {
                await WaitForOfferAsync(context);
            }

            await saga.RunAsync(nameof(MakeHomeInDatabase));
            await saga.RunAsync(nameof(GrantRedis));
            await saga.RunAsync(nameof(PointHostname));
            await saga.RunFinalAsync(nameof(VerifyHome));
            await saga.RunFinalAsync(nameof(ActivateTenant));
        }
        catch (TaskFailedException failure)
        {
            await FailedProvisioning.TakeBackAsync(context, provisioning, saga, failure);
            throw;
        }
    }

    private static async Task WaitForOfferAsync(TaskOrchestrationContext context)
    {
        try
        {
            await context.WaitForExternalEvent<object>(SlotOffered, LookAgain);
        }
        catch (TaskCanceledException)
        {
            // Nobody offered one; look all the same.
        }
    }
}
