using WebHost.Local.Run.Drives;
using WebHost.Local.Run.Story;

namespace WebHost.Local.Run.Tests;

public sealed class TrackComparisonTests
{
    private static readonly IReadOnlyList<Fix> Sent = Drive.Along(
        Route.Ashburn, new DateTimeOffset(2026, 3, 2, 7, 30, 0, TimeSpan.Zero), TimeSpan.FromSeconds(5), 20, 3);

    private static readonly TrackPoint[] Found =
        [.. Sent.Select(fix => new TrackPoint("d", fix.Time, fix.Latitude, fix.Longitude, fix.Speed, fix.Course))];

    [Fact]
    public void Differences_of_the_same_track_are_none() => Assert.Empty(TrackComparison.Differences(Sent, Found));

    [Fact]
    public void Differences_within_rounding_are_none() => Assert.Empty(TrackComparison.Differences(
        Sent, [.. Found.Select(point => point with { Latitude = point.Latitude + 0.9e-7, Speed = point.Speed + 0.0025 })]));

    [Fact]
    public void Differences_of_a_lost_point_name_the_counts() => Assert.Contains(
        "expected 20 points, found 19", TrackComparison.Differences(Sent, Found[..^1]));

    [Fact]
    public void Differences_of_a_point_name_the_expected_and_the_found_value()
    {
        var time = Assert.Single(Changed(point => point with { Time = point.Time.AddMilliseconds(1) }));
        Assert.StartsWith("point 4: expected time 2026-03-02T07:30:20.0000000+00:00, found 2026-03-02T07:30:20.001", time, StringComparison.Ordinal);
        Assert.Contains("latitude", Assert.Single(Changed(point => point with { Latitude = point.Latitude + 2e-7 })), StringComparison.Ordinal);
        Assert.Contains("longitude", Assert.Single(Changed(point => point with { Longitude = point.Longitude - 2e-7 })), StringComparison.Ordinal);
        Assert.Contains("course", Assert.Single(Changed(point => point with { Course = double.NaN })), StringComparison.Ordinal);
        Assert.EndsWith("found none", Assert.Single(Changed(point => point with { Speed = null })), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Changed(Func<TrackPoint, TrackPoint> change) =>
        TrackComparison.Differences(Sent, [.. Found.Select((point, index) => index == 4 ? change(point) : point)]);
}
