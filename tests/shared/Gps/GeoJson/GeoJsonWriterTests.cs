using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using CsCheck;
using NetTopologySuite.Features;
using NetTopologySuite.Geometries;
using NetTopologySuite.IO.Converters;
using WebHost.Gps;
using WebHost.Gps.GeoJson;
using WebHost.Tests.Gps.Protocols;

namespace WebHost.Tests.Gps.GeoJson;

public sealed class GeoJsonWriterTests
{
    private static readonly JsonSerializerOptions OtherLibrary = new() { Converters = { new GeoJsonConverterFactory() } };

    private static readonly GpsPoint Point = new(
        Messages.Utc("2025-06-15T15:06:40.25Z"), 46.05, 14.5, 300.5, 12.5, 90, 4, 80, "hint", """{"driver":"Ana"}""");

    [Fact]
    public async Task WritePositions_each_device_is_a_feature()
    {
        var json = await WriteAsync(pipe => GeoJsonWriter.WritePositionsAsync(
            pipe,
            From<DevicePosition>([new("d1", "Van \"7\" č", "v1", Point), new("d2", "Truck", null, new(Point.Time, -1, 2))]),
            CancellationToken.None));

        Assert.Equal(
            """
            {"type":"FeatureCollection","features":[{"type":"Feature","id":"d1","geometry":{"type":"Point","coordinates":[14.5,46.05,300.5]},"properties":{"deviceId":"d1","deviceName":"Van \"7\" č","vehicleId":"v1","time":"2025-06-15T15:06:40.25Z","speed":12.5,"course":90,"accuracy":4,"battery":80,"extras":{"driver":"Ana"}}},{"type":"Feature","id":"d2","geometry":{"type":"Point","coordinates":[2,-1]},"properties":{"deviceId":"d2","deviceName":"Truck","vehicleId":null,"time":"2025-06-15T15:06:40.25Z"}}]}
            """,
            json);
    }

    [Fact]
    public async Task WriteTrackPoints_can_be_posted_back_and_is_the_same_track()
    {
        GpsPoint[] track =
        [
            .. Enumerable.Range(0, 500).Select(i => new GpsPoint(
                Point.Time.AddSeconds(i), 46 + (i / 7.0), 14 - (i / 9.0), i % 2 == 0 ? i : null, i / 3.0, i % 360, null, i % 100)),
        ];

        var parsed = Messages.Post(
            await WriteAsync(pipe => GeoJsonWriter.WriteTrackPointsAsync(pipe, From(track), _ => null, CancellationToken.None)));

        Assert.Equal(track.Where(point => point.Latitude <= 90), parsed.Points);
    }

    [Fact]
    public Task WriteTrackPoints_any_point_is_read_by_another_library_as_it_was() =>
        Gen.Select(Gen.Double[-90, 90], Gen.Double[-180, 180], Gen.Double[-1000, 9000].Nullable()).SampleAsync(
            async (latitude, longitude, altitude) =>
            {
                var json = await WriteAsync(pipe => GeoJsonWriter.WriteTrackPointsAsync(
                    pipe, From([new GpsPoint(Point.Time, latitude, longitude, altitude)]), _ => null, CancellationToken.None));

                var feature = Assert.Single(Read<FeatureCollection>(json));
                var coordinate = Assert.IsType<Point>(feature.Geometry).Coordinate;
                Assert.Equal((longitude, latitude), (coordinate.X, coordinate.Y));
                Assert.Equal(altitude ?? double.NaN, coordinate.Z);
            },
            iter: 200);

    [Theory]
    [InlineData(0, """{"type":"Feature","geometry":null,"properties":{"deviceId":"d1","from":null,"to":null,"points":0}}""")]
    [InlineData(1, """{"type":"Feature","geometry":{"type":"Point","coordinates":[14,46]},"properties":{"deviceId":"d1","from":"2025-06-15T15:06:40.25Z","to":"2025-06-15T15:06:40.25Z","points":1}}""")]
    [InlineData(3, """{"type":"Feature","geometry":{"type":"LineString","coordinates":[[14,46],[15,46],[16,46]]},"properties":{"deviceId":"d1","from":"2025-06-15T15:06:40.25Z","to":"2025-06-15T15:06:42.25Z","points":3}}""")]
    public async Task WriteTrackLine_of_any_length_is_valid(int length, string expected)
    {
        var track = Enumerable.Range(0, length).Select(i => new GpsPoint(Point.Time.AddSeconds(i), 46, 14 + i));

        var json = await WriteAsync(
            pipe => GeoJsonWriter.WriteTrackLineAsync(pipe, "d1", From(track), _ => null, CancellationToken.None));

        Assert.Equal(expected, json);
        Assert.Equal(length, Read<IFeature>(json).Geometry?.NumPoints ?? 0);
    }

    [Fact]
    public async Task WriteTrackPoints_waits_for_a_slow_reader_instead_of_holding_the_track()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024));
        var produced = 0;
        var writing = GeoJsonWriter.WriteTrackPointsAsync(pipe.Writer, Count(100_000), _ => null, CancellationToken.None);

        // Nobody reads yet, so all that was produced must lie in the pipe.
        Assert.False(writing.IsCompleted);
        Assert.InRange(produced, 100, 2_000);

        await pipe.Reader.CompleteAsync();
        await writing;

        async IAsyncEnumerable<GpsPoint> Count(int length)
        {
            for (var i = 0; i < length; i++)
            {
                produced++;
                yield return Point;
            }

            await Task.CompletedTask;
        }
    }

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, OtherLibrary)!;

    private static async Task<string> WriteAsync(Func<PipeWriter, Task> write)
    {
        using var stream = new MemoryStream();
        var pipe = PipeWriter.Create(stream);
        await write(pipe);
        await pipe.CompleteAsync();
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static IAsyncEnumerable<T> From<T>(IEnumerable<T> items) => items.ToAsyncEnumerable();
}
