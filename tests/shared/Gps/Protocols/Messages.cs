using System.Text;
using WebHost.Gps;

namespace WebHost.Tests.Gps.Protocols;

/// <summary>Sends raw messages through the parser, as received at a fixed moment.</summary>
internal static class Messages
{
    public static readonly DateTimeOffset ReceivedAt = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public static ParsedRequest Get(string query, SpeedUnit unit = SpeedUnit.Knots) =>
        Parse(new GpsRequest { Method = "GET", QueryString = query }, unit);

    public static ParsedRequest Post(string body, string query = "", SpeedUnit unit = SpeedUnit.Knots) =>
        Parse(new GpsRequest { Method = "POST", QueryString = query, Body = Encoding.UTF8.GetBytes(body) }, unit);

    public static ParsedRequest Parse(GpsRequest request, SpeedUnit unit = SpeedUnit.Knots) =>
        new GpsParser(new FixedClock(ReceivedAt)).Parse(request, unit);

    /// <summary>The only thing in the request: one valid point.</summary>
    public static GpsPoint Point(this ParsedRequest parsed)
    {
        Assert.Null(parsed.Failure);
        Assert.Empty(parsed.Heartbeats);
        Assert.Empty(parsed.Quarantined);
        return Assert.Single(parsed.Points);
    }

    /// <summary>The only thing in the request: one sign of life.</summary>
    public static GpsHeartbeat Heartbeat(this ParsedRequest parsed)
    {
        Assert.Null(parsed.Failure);
        Assert.Empty(parsed.Points);
        Assert.Empty(parsed.Quarantined);
        return Assert.Single(parsed.Heartbeats);
    }

    /// <summary>The only thing in the request: one quarantined message.</summary>
    public static QuarantinedPoint Quarantine(this ParsedRequest parsed)
    {
        Assert.Null(parsed.Failure);
        Assert.Empty(parsed.Points);
        Assert.Empty(parsed.Heartbeats);
        Assert.Equal(1, parsed.QuarantinedCount);
        return Assert.Single(parsed.Quarantined);
    }

    public static DateTimeOffset Utc(string iso) =>
        DateTimeOffset.Parse(iso, System.Globalization.CultureInfo.InvariantCulture);
}
