using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using WebHost.Operations;

namespace WebHost.Provisioning.Fly;

/// <summary>Gives a tenant infrastructure of its own on Fly.io.</summary>
public static class ProvisionOnFly
{
    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlannedStep> Steps { get; } =
    [
        new(nameof(CreateApps), "Create the tenant's apps in a private network"),
        new(nameof(AssignAddresses), "Assign public addresses"),
        new(nameof(CreateVolume), "Create the volumes of the database and its replicas"),
        new(nameof(StartDatabase), "Set the database's secrets, start PostgreSQL and wait for it"),
        new(nameof(StartReplicas), "Start the database's replicas and wait for them"),
        new(nameof(PrepareDatabase), "Create schema and roles in the database"),
        new(nameof(MakeHomeInDatabase), "Create the tenant's role and limits in the database"),
        new(nameof(CreateRedis), "Create the tenant's Redis"),
        new(nameof(StartApplication), "Set the application's secrets, start it and wait for it"),
        new(nameof(PointHostname), "Point the tenant's hostname at the application"),
        new(nameof(RequestCertificate), "Request the hostname's certificate"),
        new(nameof(VerifyHome), "Prove that the tenant can write, and sees only its own rows"),
        new(nameof(ActivateTenant), "Open for business"),
    ];

    /// <summary>The orchestrator.</summary>
    [Function(nameof(ProvisionOnFly))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var provisioning = context.GetInput<ProvisioningInput>()!;
        var saga = new Saga(context, provisioning, provisioning.Retries);
        try
        {
            await saga.RunAsync(nameof(CreateApps));
            await saga.RunFinalAsync(nameof(AssignAddresses));
            await saga.RunAsync(nameof(CreateVolume));
            await saga.RunAsync(nameof(StartDatabase));
            await saga.RunFinalAsync(nameof(StartReplicas));
            await saga.RunFinalAsync(nameof(PrepareDatabase));
            await saga.RunAsync(nameof(MakeHomeInDatabase));
            await saga.RunAsync(nameof(CreateRedis));
            await saga.RunAsync(nameof(StartApplication));
            await saga.RunAsync(nameof(PointHostname));
            await saga.RunFinalAsync(nameof(RequestCertificate));
            await saga.RunFinalAsync(nameof(VerifyHome));
            await saga.RunFinalAsync(nameof(ActivateTenant));
        }
        catch (TaskFailedException failure)
        {
            await FailedProvisioning.TakeBackAsync(context, provisioning, saga, failure);
            throw;
        }
    }
}
