namespace WebHost.Providers.Hetzner;

/// <summary>An order of a dedicated server.</summary>
/// <param name="Id">Robot's transaction, to be kept before anything else is done.</param>
/// <param name="State">How far it is.</param>
/// <param name="ServerNumber">Set once it is ready.</param>
/// <param name="ServerIp">Set once it is ready.</param>
/// <param name="HostKeyFingerprints">By which the server's SSH is known to be the right one.</param>
public sealed record HetznerOrder(
    string Id,
    HetznerOrderState State,
    int? ServerNumber,
    string? ServerIp,
    IReadOnlyList<string> HostKeyFingerprints);

/// <summary>How far an order is: minutes to days pass between the first and the second.</summary>
public enum HetznerOrderState
{
    /// <summary>Hetzner is building it.</summary>
    InProcess,

    /// <summary>The server is there.</summary>
    Ready,

    /// <summary>There will be none.</summary>
    Cancelled,
}
