namespace WebHost.Providers.Hetzner;

/// <summary>A dedicated server of our account.</summary>
/// <param name="Number">Robot's number for it, which never changes.</param>
/// <param name="Ip">The main IPv4 address; null when it was ordered without.</param>
/// <param name="Name">Our name for it.</param>
/// <param name="Datacenter">Such as <c>FSN1-DC10</c>.</param>
/// <param name="Ready">Whether Hetzner has handed it over.</param>
/// <param name="Cancelled">Whether it will be given back.</param>
public sealed record HetznerServer(
    int Number, string? Ip, string Name, string Product, string Datacenter, bool Ready, bool Cancelled);
