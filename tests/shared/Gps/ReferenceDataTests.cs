using System.Globalization;
using System.Text.RegularExpressions;
using WebHost.Gps;
using WebHost.Tests.Gps.Protocols;

namespace WebHost.Tests.Gps;

/// <summary>Runs what was recorded from real devices, where a <c>shared/data</c> folder lies beside or above the repository.</summary>
public sealed partial class ReferenceDataTests
{
    [Theory]
    [InlineData("flespi-01.json", GpsProtocol.Flespi, 2, 0, 0)]
    [InlineData("flespi-02.json", GpsProtocol.Flespi, 1, 1, 0)]
    [InlineData("overland-03-constructed-batch.json", GpsProtocol.Overland, 1, 2, 0)]
    [InlineData("owntracks-01.json", GpsProtocol.OwnTracks, 1, 0, 0)]
    [InlineData("owntracks-02.json", GpsProtocol.OwnTracks, 1, 0, 0)]
    [InlineData("owntracks-03.json", GpsProtocol.OwnTracks, 1, 0, 0)]
    [InlineData("owntracks-05.json", GpsProtocol.OwnTracks, 1, 0, 0)]
    [InlineData("owntracks-07-location.json", GpsProtocol.OwnTracks, 1, 0, 0)]
    [InlineData("owntracks-09-transition.json", GpsProtocol.OwnTracks, 0, 1, 0)]
    [InlineData("owntracks-10-lwt.json", GpsProtocol.OwnTracks, 0, 1, 0)]
    [InlineData("traccar-client-v9-01.json", GpsProtocol.TraccarClient9, 1, 0, 0)]
    [InlineData("traccar-client-v9-02.json", GpsProtocol.TraccarClient9, 1, 0, 0)]
    public void Parse_recorded_bodies(string file, GpsProtocol protocol, int points, int heartbeats, int quarantined)
    {
        var parsed = Messages.Post(Read("devices", file));

        Assert.Null(parsed.Failure);
        Assert.Equal(
            (protocol, points, heartbeats, quarantined),
            (parsed.Protocol, parsed.Points.Count, parsed.Heartbeats.Count, parsed.QuarantinedCount));
    }

    [Theory]
    [InlineData("osmand-query.txt", 11, 10)]
    [InlineData("gpslogger-expanded-urls.txt", 17, 17)]
    [InlineData("traccar-client-v8-query.txt", 3, 0)]
    public void Parse_recorded_queries(string file, int requests, int points)
    {
        var parsed = RequestLine().Matches(Read("devices", file))
            .Select(match => Messages.Parse(new GpsRequest
            {
                Method = match.Groups["method"].Value is { Length: > 0 } method ? method : "GET",
                QueryString = match.Groups["query"].Value,
            }))
            .ToList();

        Assert.Equal(requests, parsed.Count);
        Assert.Equal(points, parsed.Sum(request => request.Points.Count));
        Assert.Equal(requests, parsed.Sum(request => request.Points.Count + request.Heartbeats.Count + request.QuarantinedCount));
    }

    [Fact]
    public void Parse_recorded_forms()
    {
        var forms = Read("devices", "traccar-client-v10-form.txt").Split('\n')
            .Where(line => line.StartsWith("id=", StringComparison.Ordinal));

        var parsed = forms.Select(form => Messages.Post(form.Trim())).ToList();

        Assert.All(parsed, request => Assert.Equal(GpsProtocol.TraccarClient10, request.Protocol));
        Assert.Equal((2, 1), (parsed.Sum(request => request.Points.Count), parsed.Sum(request => request.Heartbeats.Count)));
    }

    [Theory]
    [InlineData("cerknicko-jezero.csv")]
    [InlineData("korita-zbevnica.csv")]
    public void Parse_recorded_tracks_as_the_OsmAnd_app_sends_them_comes_back_as_recorded(string file)
    {
        var rows = Read("tracks", file).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Skip(1).Select(row => row.Split(',')).ToList();
        Assert.NotEmpty(rows);

        Assert.All(rows, row =>
        {
            var point = Messages.Get(
                $"?lat={row[1]}&lon={row[2]}&timestamp={Uri.EscapeDataString(row[0])}&altitude={row[3]}&speed={row[4]}",
                SpeedUnit.MetresPerSecond).Point();

            Assert.Equal(row[0].Length == 0 ? Messages.ReceivedAt : Messages.Utc(row[0]), point.Time);
            Assert.Equal(Number(row[1]), point.Latitude);
            Assert.Equal(Number(row[2]), point.Longitude);
            Assert.Equal(Number(row[3]), point.AltitudeM);
            Assert.Equal(Number(row[4]), point.SpeedMps);
        });
    }

    private static double? Number(string text) =>
        text.Length == 0 ? null : double.Parse(text, CultureInfo.InvariantCulture);

    private static string Read(string folder, string file)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var path = Path.Combine(at.FullName, "shared", "data", folder, file);
            if (File.Exists(path))
            {
                return File.ReadAllText(path);
            }
        }

        Assert.Skip($"There is no shared/data/{folder}/{file} beside or above the repository.");
        return "";
    }

    [GeneratedRegex(@"^(?:(?<method>[A-Z]+) )?\S*?\?(?<query>\S*)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex RequestLine();
}
