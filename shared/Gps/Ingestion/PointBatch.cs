using System.Text.Json;
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
public sealed record PointBatch(
    Guid TenantId,
    Guid DeviceId,
    DateTimeOffset ReceivedAt,
    GpsProtocol Protocol,
    IReadOnlyList<GpsPoint> Points,
    IReadOnlyList<GpsHeartbeat> Heartbeats,
    IReadOnlyList<QuarantinedPoint> Quarantined)
{
    /// <summary>Whether there is nothing in it.</summary>
    [JsonIgnore]
    public bool IsEmpty => Points.Count == 0 && Heartbeats.Count == 0 && Quarantined.Count == 0;

    /// <summary>The batch as a message's body.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, PointBatchJson.Default.PointBatch);

    /// <summary>The batch of a message's body.</summary>
    /// <exception cref="JsonException">The body holds no batch.</exception>
    public static PointBatch FromBytes(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize(body, PointBatchJson.Default.PointBatch)
        ?? throw new JsonException("The message holds null instead of a batch.");
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PointBatch))]
internal sealed partial class PointBatchJson : JsonSerializerContext;
