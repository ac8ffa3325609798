using WebHost.Providers;
using WebHost.Providers.Fly;

namespace WebHost.Local.Providers.Tests;

internal static class SimulatedDatabases
{
    public static FlyMachineConfig PostgresConfig(string? volume) => new()
    {
        Image = "flyio/postgres-flex-timescaledb:16",
        Guest = new FlyGuest("shared", 1, 1024),
        Env = new Dictionary<string, string> { ["PRIMARY_REGION"] = "fra" },
        Mounts = volume is null ? null : [new FlyMount(volume, "/data")],
        Services = [new FlyService { InternalPort = 5432, Ports = [new FlyPort(5432, ["pg_tls"])] }],
        Checks = new Dictionary<string, FlyCheck> { ["pg"] = new("tcp", 5432) { Interval = "15s", Timeout = "10s" } },
        Restart = new FlyRestart("always"),
    };

    /// <summary>Everything that the image asks for.</summary>
    public static async Task<long> SetDatabaseSecretsAsync(this Simulators simulators, string app, string password) =>
        await simulators.Client<FlyApps>().SetSecretsAsync(app, new Dictionary<string, string?>
        {
            ["OPERATOR_PASSWORD"] = password,
            ["SU_PASSWORD"] = "of the superuser",
            ["REPL_PASSWORD"] = "of the replicas",
            ["FLY_CONSUL_URL"] = await simulators.Client<FlyConsul>().EnableAsync(app),
        });

    /// <summary>App, secrets, volume and a started PostgreSQL machine, as provisioning makes them.</summary>
    public static async Task<(FlyMachine Machine, FlyVolume Volume)> StartDatabaseAsync(
        this Simulators simulators, string app, ResourceOwner owner, string password)
    {
        var apps = simulators.Client<FlyApps>();
        var machines = simulators.Client<FlyMachines>();
        await apps.EnsureAppAsync(app, app);
        var version = await simulators.SetDatabaseSecretsAsync(app, password);
        var volume = await simulators.Client<FlyVolumes>().EnsureVolumeAsync(app, new FlyVolumeRequest("pg_data", "fra", 10));
        var machine = await machines.EnsureMachineAsync(
            app, new FlyMachineRequest(app, "fra", PostgresConfig(volume.Id)) { MinSecretsVersion = version }, owner);
        await machines.WaitStartedAsync(app, machine, TimeSpan.FromSeconds(30));
        return (machine, volume);
    }
}
