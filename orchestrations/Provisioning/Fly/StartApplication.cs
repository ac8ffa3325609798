using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using Npgsql;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Providers;
using WebHost.Providers.Fly;
using WebHost.Providers.Redis;
using WebHost.Tenants;

namespace WebHost.Provisioning.Fly;

/// <summary>Starts the tenant's application in each of its regions, with the addresses and passwords of its database and Redis.</summary>
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
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var app = placement.Names.App;
                var tenant = await tenants.GetAsync(provisioning.TenantId, cancellationToken);
                var regions = FlyRegions.Of(tenant, placement);
                var version = await SetSecretsAsync(placement, FlySizing.Of(placement.Plan), cancellationToken);
                var config = Configuration(placement, PlanCatalog.Standard.Get(placement.Plan));
                var started = new List<FlyMachine>();
                foreach (var region in regions)
                {
                    for (var number = 1; number <= FlySizing.Of(placement.Plan).MachinesIn(regions, region); number++)
                    {
                        started.Add(await machines.EnsureMachineAsync(
                            app,
                            new FlyMachineRequest(placement.Names.AppMachine(region, number), region, config)
                            {
                                MinSecretsVersion = version,
                            },
                            provisioning.Owner,
                            cancellationToken));
                    }
                }

                await Task.WhenAll(
                    started.Select(machine => machines.WaitStartedAsync(app, machine, StartLimit, cancellationToken)));
                return StepOutcome.Done(
                    $"{string.Join(", ", started.Select(machine => $"{machine.Id} in {machine.Region}"))}.");
            },
            cancellationToken);

    /// <summary>Destroys the machines.</summary>
    [Function("Undo" + nameof(StartApplication))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(StartApplication),
            async () =>
            {
                var app = (await placements.GetHomeAsync(provisioning, cancellationToken)).Names.App;
                foreach (var machine in await machines.ListAsync(app, cancellationToken))
                {
                    await machines.DeleteMachineAsync(app, machine.Id, cancellationToken: cancellationToken);
                }
            },
            cancellationToken);

    private async Task<long> SetSecretsAsync(
        TenantPlacement placement, FlySizing sizing, CancellationToken cancellationToken)
    {
        var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
        var tenant = (await databases.RoleLoginAsync(database, placement.Names.TenantRole, cancellationToken)).Settings;
        var cache = await redis.FindAsync(placement.Names.Redis, cancellationToken)
            ?? throw new InvalidOperationException($"Redis {placement.Names.Redis} is gone.");
        return await apps.SetSecretsAsync(
            placement.Names.App,
            new Dictionary<string, string?>
            {
                ["DATABASE_CONNECTION"] = tenant.ConnectionString,
                ["DATABASE_READ_CONNECTION"] = sizing.Replicas == 0 ? null : NearestOf(placement, tenant),
                ["REDIS_URL"] = cache.ConnectionUrl,
            },
            cancellationToken);
    }

    // Fly's private DNS names the nearest machine of the database's app, primary or replica.
    private static string NearestOf(TenantPlacement placement, NpgsqlConnectionStringBuilder database) =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Host = $"top1.nearest.of.{placement.Names.DatabaseApp}.internal",
            Port = DatabaseMachines.LocalPort,
            // The private network is encrypted; the server itself speaks no TLS there.
            SslMode = SslMode.Disable,
        }.ConnectionString;

    private FlyMachineConfig Configuration(TenantPlacement placement, Plan plan)
    {
        var sizing = FlySizing.Of(plan.Id);
        return new FlyMachineConfig
        {
            Image = options.Value.Fly.AppImage,
            Guest = sizing.Application,
            Env = new Dictionary<string, string>
            {
                ["TENANT_ID"] = placement.TenantId.ToString(),
                ["TENANT_EPOCH"] = placement.Epoch.ToString(CultureInfo.InvariantCulture),
                // Where MinMachinesRunning holds.
                ["PRIMARY_REGION"] = placement.Region,
            },
            Services =
            [
                new FlyService
                {
                    InternalPort = Port,
                    Ports = [new FlyPort(80, ["http"]) { ForceHttps = true }, new FlyPort(443, ["tls", "http"])],
                    Autostop = sizing.HomeMachines > 1 ? "stop" : "off",
                    Autostart = true,
                    MinMachinesRunning = 1,
                    Concurrency = sizing.Concurrency(plan.Limits),
                },
            ],
            Restart = new FlyRestart("always"),
        };
    }
}
