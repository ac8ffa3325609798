using WebHost.Local.Providers.Databases;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>The database of an app whose machines run PostgreSQL: a real one, named after the app.</summary>
internal sealed class FlyDatabases(DatabaseServer server)
{
    private const string Image = "postgres-flex";
    private const string Primary = "primary";
    private const string Standby = "standby";
    private const string PasswordSecret = "OPERATOR_PASSWORD";
    private const string ConsulSecret = "FLY_CONSUL_URL";
    private static readonly string[] Secrets = [PasswordSecret, "SU_PASSWORD", "REPL_PASSWORD", ConsulSecret];

    public static bool RunsPostgres(Resource machine) =>
        ((string?)machine.Body["config"]?["image"])?.Contains(Image, StringComparison.Ordinal) == true;

    /// <summary>
    /// Starts PostgreSQL on a machine. The first of a cluster, which must be in the primary region, begins with an empty
    /// database; every later one clones it and shows the same data, reading only. What a machine is stays with its data.
    /// </summary>
    /// <returns>Why the machine fails instead; null when it does not.</returns>
    public async Task<string?> StartAsync(ResourceSession session, Resource app, Resource machine)
    {
        if (!RunsPostgres(machine))
        {
            return null;
        }

        var secrets = app.Body["_secrets"];
        if (Secrets.FirstOrDefault(name => (string?)secrets?[name] is not { Length: > 0 }) is { } missing)
        {
            return $"secret {missing} is not set";
        }

        if ((string?)machine.Body["config"]?["env"]?["PRIMARY_REGION"] is not { Length: > 0 } primaryRegion)
        {
            return "PRIMARY_REGION environment variable must be set";
        }

        var data = await DataOfAsync(session, machine);
        if (data.Text("_member") is null)
        {
            // What Consul says, not what is left of the cluster.
            var consul = (string?)secrets![ConsulSecret];
            var initialized = app.Text("_cluster") == consul;
            if (initialized && !await HasPrimaryAsync(session, app.Id))
            {
                return "failed to clone primary: no primary found";
            }

            if (!initialized && machine.Text("region") != primaryRegion)
            {
                return $"the first machine must be in the primary region {primaryRegion}";
            }

            data.Body["_member"] = initialized ? Standby : Primary;
            app.Body["_cluster"] = consul;
            await session.PutAsync(app);
            await session.PutAsync(data);
        }

        if (data.Text("_member") == Primary)
        {
            await server.EnsureAsync(app.Id, (string)secrets![PasswordSecret]!);
        }

        return null;
    }

    /// <summary>
    /// Brings the database where the app's machines and volumes say: up while the primary runs, down while only data or
    /// replicas are left, gone with the last of them. Nothing promotes a replica by itself.
    /// </summary>
    public async Task SettleAsync(ResourceSession session, string app)
    {
        var machines = (await session.ListAsync(FlyKinds.Machine, app))
            .Where(machine => RunsPostgres(machine) && machine.Text("state") != "destroyed")
            .ToList();
        var volumes = await session.ListAsync(FlyKinds.Volume, app);
        if (await HasPrimaryAsync(session, app))
        {
            return;
        }

        if (machines.Count + volumes.Count > 0)
        {
            await server.SetUpAsync(app, up: false);
        }
        else if (await server.ExistsAsync(app))
        {
            await server.DropAsync(app);
        }
    }

    private static async Task<bool> HasPrimaryAsync(ResourceSession session, string app)
    {
        foreach (var machine in await session.ListAsync(FlyKinds.Machine, app))
        {
            if (RunsPostgres(machine)
                && machine.Text("state") == "started"
                && (await DataOfAsync(session, machine)).Text("_member") == Primary)
            {
                return true;
            }
        }

        return false;
    }

    // The machine's volume, or the machine itself when it has none.
    private static async Task<Resource> DataOfAsync(ResourceSession session, Resource machine) =>
        MachineEndpoints.MountedVolume(machine.Body["config"]) is { } volume
            ? await session.FindAsync(FlyKinds.Volume, volume) ?? machine
            : machine;
}
