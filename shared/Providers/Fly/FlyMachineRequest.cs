namespace WebHost.Providers.Fly;

/// <summary>A machine to be.</summary>
/// <param name="Name">Unique in its app, which makes it the machine's identity for us.</param>
/// <param name="Region">A Fly region such as <c>fra</c>.</param>
public sealed record FlyMachineRequest(string Name, string Region, FlyMachineConfig Config)
{
    /// <summary>The secrets it must see: what <see cref="FlyApps.SetSecretsAsync"/> answered.</summary>
    public long? MinSecretsVersion { get; init; }

    /// <summary>Starts it outside the proxy's routing, as after <see cref="FlyMachines.CordonAsync"/>.</summary>
    public bool StartCordoned { get; init; }
}
