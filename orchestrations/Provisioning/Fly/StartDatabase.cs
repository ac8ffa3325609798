using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using Npgsql;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Providers.Fly;
using WebHost.Security;

namespace WebHost.Provisioning.Fly;

/// <summary>Starts the tenant's PostgreSQL on its volume and notes where it is.</summary>
public sealed class StartDatabase(
    StepRunner steps,
    PlacementStore placements,
    TenantDatabaseStore databases,
    SecretStore secrets,
    FlyApps apps,
    FlyConsul consul,
    FlyVolumes volumes,
    FlyMachines machines,
    IOptions<ProvidersOptions> options)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    /// <summary>The step.</summary>
    [Function(nameof(StartDatabase))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(StartDatabase),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var app = placement.Names.DatabaseApp;
                var database = await NoteDatabaseAsync(placement, cancellationToken);
                var version = await SetSecretsAsync(app, database, cancellationToken);
                var volume = (await volumes.ListAsync(app, cancellationToken))
                    .First(volume => volume.Name == placement.Names.Volume);
                var config = DatabaseMachines.Configure(
                    options.Value.Fly.DatabaseImage, FlySizing.Of(placement.Plan), placement.Region, volume);
                var machine = await machines.EnsureMachineAsync(
                    app,
                    new FlyMachineRequest(placement.Names.DatabaseMachine, placement.Region, config) { MinSecretsVersion = version },
                    provisioning.Owner,
                    cancellationToken);
                await machines.WaitStartedAsync(app, machine, StartLimit, cancellationToken);
                return StepOutcome.Done($"Machine {machine.Id} in {placement.Region} serves database {database.Name}.");
            },
            cancellationToken);

    /// <summary>Destroys the machines, and forgets the database and its passwords.</summary>
    [Function("Undo" + nameof(StartDatabase))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(StartDatabase),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                foreach (var machine in await machines.ListAsync(placement.Names.DatabaseApp, cancellationToken))
                {
                    await machines.DeleteMachineAsync(
                        placement.Names.DatabaseApp, machine.Id, cancellationToken: cancellationToken);
                }

                if (placement.DatabaseId is { } id && await databases.FindAsync(id, cancellationToken) is { } database)
                {
                    await databases.RemoveAsync(database, cancellationToken);
                }
            },
            cancellationToken);

    private async Task<TenantDatabaseAddress> NoteDatabaseAsync(
        TenantPlacement placement, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnectionStringBuilder(
            options.Value.Fly.DatabaseConnectionOf(placement.Names.DatabaseApp));
        var database = await databases.AddAsync(
            connection.Host!, connection.Port, connection.Database!, connection.Username!, connection.SslMode.ToString(),
            certificateSha256: null, cancellationToken);
        await placements.UseDatabaseAsync(placement.TenantId, placement.Home, database.Id, cancellationToken);
        return database;
    }

    // The names are postgres-flex's: operator, superuser and replication passwords, and where the cluster's state is.
    private async Task<long> SetSecretsAsync(
        string app, TenantDatabaseAddress database, CancellationToken cancellationToken)
    {
        async Task<string?> PasswordAsync(string role) =>
            await secrets.GetOrCreateAsync(database.SecretName(role), cancellationToken);
        return await apps.SetSecretsAsync(
            app,
            new Dictionary<string, string?>
            {
                ["OPERATOR_PASSWORD"] = await PasswordAsync(database.AdminUser),
                ["SU_PASSWORD"] = await PasswordAsync("flypgadmin"),
                ["REPL_PASSWORD"] = await PasswordAsync("repmgr"),
                ["FLY_CONSUL_URL"] = await ConsulAsync(app, database, cancellationToken),
            },
            cancellationToken);
    }

    // Kept before it is used: machines that start later must find the primary where the first one noted it.
    private Task<string> ConsulAsync(string app, TenantDatabaseAddress database, CancellationToken cancellationToken) =>
        secrets.GetOrAddAsync(
            database.SecretName("consul"), () => consul.EnableAsync(app, cancellationToken), cancellationToken);
}
