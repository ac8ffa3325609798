namespace WebHost.Providers.Fly;

/// <summary>A volume to be.</summary>
/// <param name="Name">Lower-case letters, digits and underscores, at most 30; the volume's identity for us within app and region.</param>
/// <param name="Region">A Fly region such as <c>fra</c>.</param>
/// <param name="SizeGb">Size in GB.</param>
public sealed record FlyVolumeRequest(string Name, string Region, int SizeGb)
{
    /// <summary>The machine that will mount it, so that the volume lands on a host with room for both.</summary>
    public FlyGuest? Compute { get; init; }

    /// <summary>Days for which Fly keeps the daily snapshots.</summary>
    public int? SnapshotRetention { get; init; }

    /// <summary>Keeps it apart from the app's other volumes of that name.</summary>
    public bool? RequireUniqueZone { get; init; }

    /// <summary>Keeps it apart from all of the app's other volumes, whatever their names.</summary>
    public bool? UniqueZoneAppWide { get; init; }

    /// <summary>The volume of which it begins as a copy.</summary>
    public string? SourceVolumeId { get; init; }
}
