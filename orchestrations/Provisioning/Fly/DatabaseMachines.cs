using WebHost.Providers.Fly;

namespace WebHost.Provisioning.Fly;

/// <summary>
/// How a machine of the postgres-flex image is set up, primary and replica alike: the first to start in the primary region
/// becomes the primary, every later one clones it, and the port below leads to the primary from any of them.
/// </summary>
internal static class DatabaseMachines
{
    /// <summary>Where the image's own server listens: a replica answers there itself, reading only.</summary>
    public const int LocalPort = 5433;

    private const int Port = 5432;
    private const int CheckPort = 5500;

    public static FlyMachineConfig Configure(string image, FlySizing sizing, string primaryRegion, FlyVolume volume) => new()
    {
        Image = image,
        Guest = sizing.Database,
        // Without it the image does not start.
        Env = new Dictionary<string, string> { ["PRIMARY_REGION"] = primaryRegion },
        Mounts = [new FlyMount(volume.Id, "/data")],
        Services = [new FlyService { InternalPort = Port, Ports = [new FlyPort(Port, ["pg_tls"])] }],
        Checks = new Dictionary<string, FlyCheck>
        {
            ["pg"] = Check("/flycheck/pg"),
            ["role"] = Check("/flycheck/role"),
        },
        Restart = new FlyRestart("always"),
    };

    private static FlyCheck Check(string path) => new("http", CheckPort)
    {
        Path = path,
        Interval = "15s",
        Timeout = "10s",
        GracePeriod = "30s",
    };
}
