using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WebHost.Gps.Quarantine;

/// <summary>Names a quarantined message among its tenant's: what its row is found by, as one text.</summary>
/// <param name="ReceivedAt">When it arrived, UTC.</param>
/// <param name="DeviceId">Which device sent it.</param>
/// <param name="Digest">The SHA-256 of the message.</param>
[JsonConverter(typeof(JsonText))]
public sealed record QuarantineId(DateTimeOffset ReceivedAt, Guid DeviceId, byte[] Digest)
{
    private const int IdBytes = 16;
    private const int DigestBytes = 32;
    private const int Bytes = sizeof(long) + IdBytes + DigestBytes;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, out QuarantineId? id)
    {
        id = null;
        Span<byte> bytes = stackalloc byte[Bytes];
        if (!Base64Url.IsValid(text, out var length) || length != Bytes)
        {
            return false;
        }

        Base64Url.DecodeFromChars(text, bytes);
        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks)
        {
            return false;
        }

        id = new QuarantineId(
            new DateTimeOffset(ticks, TimeSpan.Zero),
            new Guid(bytes.Slice(sizeof(long), IdBytes), bigEndian: true),
            bytes[^DigestBytes..].ToArray());
        return true;
    }

    /// <inheritdoc />
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, ReceivedAt.UtcTicks);
        DeviceId.TryWriteBytes(bytes[sizeof(long)..], bigEndian: true, out _);
        Digest.CopyTo(bytes[^DigestBytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    private sealed class JsonText : JsonConverter<QuarantineId>
    {
        public override QuarantineId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryParse(reader.GetString() ?? "", out var id) ? id! : throw new JsonException("Not the id of a quarantined message.");

        public override void Write(Utf8JsonWriter writer, QuarantineId value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
