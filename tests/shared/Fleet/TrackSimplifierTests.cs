using CsCheck;
using NetTopologySuite.Geometries;
using WebHost.Fleet;
using WebHost.Gps;

namespace WebHost.Tests.Fleet;

public sealed class TrackSimplifierTests
{
    private const double MetresPerDegree = 111_320;
    private static readonly DateTimeOffset Begin = new(2026, 5, 4, 8, 0, 0, TimeSpan.Zero);

    // A vehicle: steps of up to 300 m in a direction that changes, with stops, jitter and now and then a leap.
    private static readonly Gen<GpsPoint[]> Tracks = Gen.Select(
        Gen.Double[-80, 80], Gen.Double[-180, 180], Gen.Select(Gen.Double[-0.6, 0.6], Gen.Double[-100, 300], Gen.Int[0, 60]).Array[1, 300])
        .Select((latitude, longitude, steps) =>
        {
            var track = new GpsPoint[steps.Length];
            var direction = 0.0;
            for (var i = 0; i < steps.Length; i++)
            {
                var (turn, length, kind) = steps[i];
                direction += turn;
                var metres = kind == 0 ? 30_000 : Math.Max(0, length);
                latitude = Math.Clamp(latitude + (metres * Math.Sin(direction) / MetresPerDegree), -85, 85);
                longitude = Math.IEEERemainder(
                    longitude + (metres * Math.Cos(direction) / MetresPerDegree / Math.Cos(latitude * Math.PI / 180)), 360);
                track[i] = new GpsPoint(Begin.AddSeconds(i), latitude, longitude);
            }

            return track;
        });

    [Fact]
    public Task No_point_left_out_is_farther_from_the_line_than_the_tolerance() =>
        Gen.Select(Tracks, Gen.Double[1, 500]).SampleAsync(
            async (track, tolerance) =>
            {
                var kept = await SimplifyAsync(track, tolerance);

                Assert.Equal((track[0], track[^1]), (kept[0], kept[^1]));
                var place = 0;
                foreach (var point in track)
                {
                    if (place + 1 < kept.Count && point == kept[place + 1])
                    {
                        place++;
                    }

                    Assert.InRange(Distance(point, kept[place], kept[Math.Min(place + 1, kept.Count - 1)]), 0, tolerance);
                }

                Assert.Equal(kept.Count - 1, place);
            },
            iter: 2_000);

    [Fact]
    public async Task A_straight_road_and_a_stop_need_few_points()
    {
        var road = Enumerable.Range(0, 1_000).Select(i => new GpsPoint(Begin.AddSeconds(i), 46, 14 + (i * 0.0002)));
        var stop = Enumerable.Range(0, 1_000).Select(i => new GpsPoint(
            Begin.AddSeconds(1_000 + i), 46 + (0.00002 * Math.Sin(i)), 14.2 + (0.00002 * Math.Cos(i))));

        var kept = await SimplifyAsync([.. road, .. stop], 10);

        Assert.InRange(kept.Count, 3, 5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_short_track_stays_as_it_is(int length)
    {
        GpsPoint[] track = [.. Enumerable.Range(0, length).Select(i => new GpsPoint(Begin.AddSeconds(i), 46, 14 + i))];

        Assert.Equal(track, await SimplifyAsync(track, 10));
    }

    [Fact]
    public async Task Tolerance_must_be_above_zero() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SimplifyAsync([], 0));

    private static async Task<List<GpsPoint>> SimplifyAsync(GpsPoint[] track, double tolerance)
    {
        var kept = new List<GpsPoint>();
        await foreach (var point in TrackSimplifier.SimplifyAsync(track.ToAsyncEnumerable(), tolerance))
        {
            kept.Add(point);
        }

        return kept;
    }

    // Metres, in a plane about the point that is measured, on WGS84's ellipsoid.
    private static double Distance(GpsPoint point, GpsPoint from, GpsPoint to)
    {
        const double major = 6_378_137;
        const double eccentricity = 0.00669437999014;
        var latitude = double.DegreesToRadians(point.Latitude);
        var prime = major / Math.Sqrt(1 - (eccentricity * Math.Pow(Math.Sin(latitude), 2)));
        var meridian = prime * (1 - eccentricity) / (1 - (eccentricity * Math.Pow(Math.Sin(latitude), 2)));
        Coordinate Plane(GpsPoint other) => new(
            double.DegreesToRadians(Math.IEEERemainder(other.Longitude - point.Longitude, 360)) * prime * Math.Cos(latitude),
            double.DegreesToRadians(other.Latitude - point.Latitude) * meridian);
        return new LineSegment(Plane(from), Plane(to)).Distance(new Coordinate(0, 0));
    }
}
