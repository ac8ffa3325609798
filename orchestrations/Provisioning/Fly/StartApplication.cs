using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Providers;
using WebHost.Providers.Fly;
using WebHost.Providers.Redis;
using WebHost.Tenants;

namespace WebHost.Provisioning.Fly;

/// <summary>Starts the tenant's application with the addresses and passwords of its database and Redis.</summary>
public sealed class StartApplication(
    StepRunner steps,
    PlacementStore placements,
    TenantStore tenants,
    TenantDatabaseStore databases,
    IRedisService redis,
    FlyApps apps,
    FlyMachines machines,
    IOptions<ProvidersOptions> options)
{
    private const int Port = 8080;
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    /// <summary>The step.</summary>
    [Function(nameof(StartApplication))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(StartApplication),
            async () =>
            {
                var placement = await placements.GetAsync(provisioning.TenantId, cancellationToken);
                var app = placement.Names.App;
                var version = await SetSecretsAsync(placement, cancellationToken);
                var plan = PlanCatalog.Standard.Get((await tenants.GetAsync(provisioning.TenantId, cancellationToken)).Plan);
                var machine = await machines.EnsureMachineAsync(
                    app,
                    new FlyMachineRequest(app, placement.Region, Configuration(placement, plan)) { MinSecretsVersion = version },
                    provisioning.Owner,
                    cancellationToken);
                await machines.WaitStartedAsync(app, machine, StartLimit, cancellationToken);
                return StepOutcome.Done($"Machine {machine.Id} in {placement.Region}.");
            },
            cancellationToken);

    /// <summary>Destroys the machine.</summary>
    [Function("Undo" + nameof(StartApplication))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(StartApplication),
            async () =>
            {
                var app = (await placements.GetAsync(provisioning.TenantId, cancellationToken)).Names.App;
                foreach (var machine in await machines.ListAsync(app, cancellationToken))
                {
                    await machines.DeleteMachineAsync(app, machine.Id, cancellationToken: cancellationToken);
                }
            },
            cancellationToken);

    private async Task<long> SetSecretsAsync(TenantPlacement placement, CancellationToken cancellationToken)
    {
        var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
        var tenant = await databases.RoleConnectionAsync(database, placement.Names.TenantRole, cancellationToken);
        var cache = await redis.FindAsync(placement.Names.Redis, cancellationToken)
            ?? throw new InvalidOperationException($"Redis {placement.Names.Redis} is gone.");
        return await apps.SetSecretsAsync(
            placement.Names.App,
            new Dictionary<string, string?>
            {
                ["DATABASE_CONNECTION"] = tenant.ConnectionString,
                ["REDIS_URL"] = cache.ConnectionUrl,
            },
            cancellationToken);
    }

    private FlyMachineConfig Configuration(TenantPlacement placement, Plan plan) => new()
    {
        Image = options.Value.Fly.AppImage,
        Guest = FlySizing.Of(plan.Id).Application,
        Env = new Dictionary<string, string>
        {
            ["TENANT_ID"] = placement.TenantId.ToString(),
            ["TENANT_EPOCH"] = placement.Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture),
        },
        Services =
        [
            new FlyService
            {
                InternalPort = Port,
                Ports = [new FlyPort(80, ["http"]) { ForceHttps = true }, new FlyPort(443, ["tls", "http"])],
                Autostop = "off",
                Autostart = true,
                MinMachinesRunning = 1,
                Concurrency = new FlyConcurrency("connections", plan.Limits.ConcurrentUsers * 4 / 5, plan.Limits.ConcurrentUsers),
            },
        ],
        Restart = new FlyRestart("always"),
    };
}
