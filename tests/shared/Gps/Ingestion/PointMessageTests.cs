using System.Text;
using CsCheck;
using WebHost.Gps;
using WebHost.Gps.Ingestion;

namespace WebHost.Tests.Gps.Ingestion;

public sealed class PointMessageTests
{
    [Fact]
    public void Read_any_batch_that_was_written_is_the_same() =>
        Batches.Any.Sample(
            batch => Batches.AssertSame(batch, PointMessage.Read(PointMessage.Join([.. PointMessage.ToSegments(batch)]))),
            iter: 2_000);

    [Fact]
    public void Read_joined_batches_of_several_tenants_are_apart_again() =>
        Batches.Any.Array[1, 5].Sample(
            batches =>
            {
                var read = PointMessage.Read(PointMessage.Join([.. batches.SelectMany(PointMessage.ToSegments)]));

                foreach (var batch in batches)
                {
                    Batches.AssertSame(batch, [.. read.Where(part => part.TenantId == batch.TenantId)]);
                }
            },
            iter: 300);

    [Fact]
    public void ToSegments_large_batch_is_divided_and_nothing_is_lost()
    {
        var batch = Batches.Of(Guid.NewGuid(), Guid.NewGuid(), 5_000, extras: $"{{\"note\":\"{new string('x', 200)}\"}}");

        var segments = PointMessage.ToSegments(batch);

        Assert.True(segments.Count > 10);
        Assert.All(segments, segment => Assert.InRange(segment.Length, 1, PointMessage.SegmentBytes + 1_000));
        Batches.AssertSame(batch, PointMessage.Read(PointMessage.Join([.. segments])));
    }

    [Fact]
    public void Join_points_take_a_quarter_of_what_they_take_in_JSON()
    {
        var batch = Batches.Of(Guid.NewGuid(), Guid.NewGuid(), 1_000) with
        {
            Points = [.. Batches.Of(default, default, 1_000).Points.Select(point => point with
            {
                AltitudeM = 295.5, SpeedMps = 13.25, CourseDegrees = 271, AccuracyM = 5, BatteryPercent = 87, DeviceHint = "van",
            })],
        };

        var bytes = PointMessage.Join([.. PointMessage.ToSegments(batch)]).Length;

        Assert.InRange(bytes, 1, JsonOf(batch).Length / 4);
    }

    [Fact]
    public void Read_message_of_the_first_version_in_JSON_is_still_understood()
    {
        const string before = """
            {"tenantId":"11111111-1111-1111-1111-111111111111","deviceId":"22222222-2222-2222-2222-222222222222",
             "receivedAt":"2026-03-14T08:00:05+00:00","protocol":"overland",
             "points":[{"time":"2026-03-14T08:00:00+00:00","latitude":46.05,"longitude":14.5,"speedMps":13.25,"extras":"{\"a\":1}"}],
             "heartbeats":[],"quarantined":[{"reason":"null-island","raw":"{}"}]}
            """;

        var batch = Assert.Single(PointMessage.Read(Encoding.UTF8.GetBytes(before)));

        Assert.Equal((GpsProtocol.Overland, 1, 0, 1), (batch.Protocol, batch.Points.Count, batch.Heartbeats.Count, batch.Quarantined.Count));
        Assert.Equal(new GpsPoint(Batches.Start, 46.05, 14.5, SpeedMps: 13.25, Extras: "{\"a\":1}"), batch.Points[0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("\u0002")]
    [InlineData("hello")]
    public void Read_what_is_no_message_says_so(string body) =>
        Assert.Throws<FormatException>(() => PointMessage.Read(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Read_any_damaged_message_is_a_format_error_or_a_batch() =>
        Gen.Select(Batches.Any, Gen.Select(Gen.Int[0, 10_000], Gen.Byte).Array[1, 4], Gen.Int[0, 10_000]).Sample(
            (batch, changes, cut) =>
            {
                var body = PointMessage.Join([.. PointMessage.ToSegments(batch)]);
                foreach (var (at, value) in changes)
                {
                    body[at % body.Length] = value;
                }

                try
                {
                    PointMessage.Read(body.AsMemory(0, cut % 3 == 0 ? cut % body.Length : body.Length));
                }
                catch (FormatException)
                {
                    // What was expected.
                }
            },
            iter: 5_000);

    private static byte[] JsonOf(PointBatch batch) => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
        batch, System.Text.Json.JsonSerializerOptions.Web);
}
