namespace WebHost.Providers.Fly;

/// <summary>A volume that exists.</summary>
/// <param name="SizeGb">Size in GB.</param>
/// <param name="State">Fly's word, such as <c>created</c> or <c>pending_destroy</c>.</param>
public sealed record FlyVolume(string Id, string Name, string Region, int SizeGb, string State)
{
    /// <summary>The machine that mounts it; null when none does.</summary>
    public string? AttachedMachineId { get; init; }
}
