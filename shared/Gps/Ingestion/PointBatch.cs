using System.Text.Json.Serialization;

namespace WebHost.Gps.Ingestion;

/// <summary>What one request of a device held, on its way to the tenant's database.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="DeviceId">Which device sent it.</param>
/// <param name="ReceivedAt">When it arrived, UTC.</param>
/// <param name="Protocol">How it was written.</param>
/// <param name="Points">Valid points.</param>
/// <param name="Heartbeats">Signs of life without a position.</param>
/// <param name="Quarantined">What can never be accepted.</param>
/// <param name="Tracker">What the device is called when it has no token of its own.</param>
public sealed record PointBatch(
    Guid TenantId,
    Guid DeviceId,
    DateTimeOffset ReceivedAt,
    GpsProtocol Protocol,
    IReadOnlyList<GpsPoint> Points,
    IReadOnlyList<GpsHeartbeat> Heartbeats,
    IReadOnlyList<QuarantinedPoint> Quarantined,
    TrackerName? Tracker = null)
{
    /// <summary>Messages of all three kinds.</summary>
    [JsonIgnore]
    public int Count => Points.Count + Heartbeats.Count + Quarantined.Count;
}
