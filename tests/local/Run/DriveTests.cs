using CsCheck;
using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Tests;

public sealed class DriveTests
{
    private const double MetresPerDegree = 111_195;

    /// <summary>Metres; how far two receiver errors can lie apart.</summary>
    private const double ReceiverError = 15;

    private static readonly DateTimeOffset Start = new(2026, 3, 2, 7, 30, 0, TimeSpan.Zero);

    private static readonly Route[] All =
        [Route.LjubljanaEastWest, Route.LjubljanaNorthSouth, Route.Ashburn, Route.Seattle];

    private static readonly Gen<Route> Routes = Gen.Int[0, All.Length - 1].Select(index => All[index]);

    [Fact]
    public void Along_with_the_same_seed_gives_the_same_drive() => Assert.Equal(
        Drive.Along(Route.Seattle, Start, TimeSpan.FromSeconds(5), 300, 7),
        Drive.Along(Route.Seattle, Start, TimeSpan.FromSeconds(5), 300, 7));

    [Fact]
    public void Along_any_route_has_one_fix_each_interval_and_never_jumps() =>
        Gen.Select(Routes, Gen.Int[1, 30], Gen.Int[1, 400], Gen.Int).Sample((route, seconds, count, seed) =>
        {
            var drive = Drive.Along(route, Start, TimeSpan.FromSeconds(seconds), count, seed);
            Assert.Equal(Enumerable.Range(0, count).Select(i => Start.AddSeconds(i * seconds)), drive.Select(fix => fix.Time));
            Assert.All(drive, fix => Assert.InRange(fix.Speed, 0, route.CruisingSpeed));
            Assert.All(drive, fix => Assert.InRange(fix.Course, 0, 359.9));
            foreach (var (before, after) in drive.Zip(drive.Skip(1)))
            {
                Assert.InRange(Metres(before, after), 0, route.CruisingSpeed * seconds + ReceiverError);
            }
        });

    [Fact]
    public void Along_a_route_stands_at_stops_and_turns_at_corners() =>
        Routes.Sample(route =>
        {
            var drive = Drive.Along(route, Start, TimeSpan.FromSeconds(5), 300, 1);
            Assert.Contains(drive, fix => fix.Speed == 0);
            Assert.Contains(drive, fix => fix.Speed > 0.9 * route.CruisingSpeed);
            Assert.True(drive.Select(fix => fix.Course).Distinct().Count() >= 10);
        });

    [Fact]
    public void Along_longer_than_the_route_comes_back_to_its_start()
    {
        var drive = Drive.Along(Route.LjubljanaEastWest, Start, TimeSpan.FromSeconds(5), 2000, 1);
        Assert.Contains(drive.Skip(200), fix => Metres(fix, drive[0]) < ReceiverError);
    }

    [Fact]
    public void Along_with_a_fraction_of_a_second_between_fixes_throws() => Assert.Throws<ArgumentOutOfRangeException>(
        () => Drive.Along(Route.Seattle, Start, TimeSpan.FromSeconds(1.5), 10, 1));

    private static double Metres(Fix a, Fix b)
    {
        var north = (b.Latitude - a.Latitude) * MetresPerDegree;
        var east = (b.Longitude - a.Longitude) * MetresPerDegree * Math.Cos(double.DegreesToRadians(a.Latitude));
        return Math.Sqrt(north * north + east * east);
    }
}
