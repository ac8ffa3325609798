using System.Globalization;
using System.Net;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Gps;

/// <summary>
/// Recorded drives and hikes, with their jumps and gaps, sent the way a bad connection sends them, and compared with what is
/// read back. Rows that say no time are points of the moment of their receipt, as the OsmAnd protocol has it; they are sent
/// in their order and must come back in it.
/// </summary>
public sealed class RecordedTrackTests(SharedApp shared, GpsFleet fleet) : Scenario(shared), IClassFixture<GpsFleet>
{
    private const int PointsPerRequest = 20;

    public static TheoryData<string> Tracks => ["cerknicko-jezero.csv", "korita-zbevnica.csv"];

    [Theory]
    [MemberData(nameof(Tracks))]
    public async Task Recorded_track_sent_out_of_order_and_twice_is_read_back_as_it_was_recorded(string file)
    {
        var rows = ReadRows(file).Where(row => row.Time is not null).ToArray();
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        Say($"Seed {seed}");
        var requests = rows.Concat(rows.Where(_ => random.Next(5) == 0)).ToArray();
        random.Shuffle(requests);

        foreach (var request in requests.Chunk(PointsPerRequest))
        {
            (await App.PostPointsAsync(
                tracker, request.Select(row => new { time = row.Time, lat = row.Latitude, lon = row.Longitude, altitude = row.Altitude })))
                .Expect(HttpStatusCode.OK);
        }

        // A device cannot be at two places at once: of rows with one time, one is the point.
        var expected = rows.GroupBy(row => row.Time!.Value).OrderBy(group => group.Key).ToList();
        var track = await App.WaitForTrackAsync(tracker, expected.Count);
        Assert.Equal(expected.Count, track.Count);
        Assert.All(expected.Zip(track), pair => Assert.Contains(
            pair.First,
            row => (row.Time, row.Latitude, row.Longitude, FleetCalls.AsKept(row.Altitude))
                == (pair.Second.Time, pair.Second.Latitude, pair.Second.Longitude, pair.Second.Altitude)));
    }

    [Theory]
    [MemberData(nameof(Tracks))]
    public async Task Recorded_track_sent_by_the_OsmAnd_app_is_read_back_as_it_was_recorded(string file)
    {
        var rows = ReadRows(file);
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var begin = DateTimeOffset.UtcNow;

        foreach (var row in rows)
        {
            var time = row.Time is { } known ? $"&timestamp={known.ToUnixTimeMilliseconds()}" : "";
            (await App.Anybody.GetAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"api/gps/{tracker.Token}?lat={row.Latitude}&lon={row.Longitude}&altitude={row.Altitude}{time}"))).Expect(HttpStatusCode.OK);
        }

        var track = await App.WaitForTrackAsync(tracker, rows.Count);
        var timed = rows.Where(row => row.Time is not null).ToList();
        var untimed = rows.Where(row => row.Time is null).ToList();
        Assert.Equal(
            timed.Concat(untimed).Select(row => (row.Latitude, row.Longitude, FleetCalls.AsKept(row.Altitude))),
            track.Select(point => (point.Latitude, point.Longitude, point.Altitude)));
        Assert.Equal(timed.Select(row => row.Time!.Value), track.Take(timed.Count).Select(point => point.Time));
        Assert.All(track.Skip(timed.Count), point => Assert.InRange(point.Time, begin, DateTimeOffset.UtcNow));
    }

    private static List<Row> ReadRows(string file) =>
    [
        .. from line in File.ReadLines(Find(file)).Skip(1)
           let fields = line.Split(',')
           select new Row(
               fields[0].Length == 0 ? null : DateTimeOffset.Parse(fields[0], CultureInfo.InvariantCulture),
               Number(fields[1]),
               Number(fields[2]),
               Number(fields[3]))
    ];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Find(string file)
    {
        for (var at = new DirectoryInfo(BuiltPrograms.RepositoryRoot); at is not null; at = at.Parent)
        {
            var path = Path.Combine(at.FullName, "shared", "data", "tracks", file);
            if (File.Exists(path))
            {
                return path;
            }
        }

        Assert.Skip($"There is no shared/data/tracks/{file} beside or above the repository.");
        return "";
    }

    private sealed record Row(DateTimeOffset? Time, double Latitude, double Longitude, double Altitude);
}
