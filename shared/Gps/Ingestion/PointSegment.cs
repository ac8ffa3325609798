namespace WebHost.Gps.Ingestion;

/// <summary>A batch and the bytes that it is written in, so that whoever passes it on need not write it again.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Bytes">One segment of a <see cref="PointMessage"/> or several, which may follow any others in its body.</param>
public sealed record PointSegment(PointBatch Batch, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Writes a batch.</summary>
    public static PointSegment Write(PointBatch batch) =>
        new(batch, PointMessage.Join(PointMessage.ToSegments(batch)).AsMemory(PointMessage.HeadBytes));
}
