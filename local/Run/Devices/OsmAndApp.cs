using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Devices;

/// <summary>OsmAnd's online tracking: a GET of the address the user typed; speed in m/s, time in milliseconds.</summary>
internal sealed class OsmAndApp(Uri address) : Device(address)
{
    public override HttpRequestMessage Post(Fix fix) => new(
        HttpMethod.Get,
        $"{Address}?lat={Decimal(fix.Latitude)}&lon={Decimal(fix.Longitude)}"
        + $"&timestamp={Integer(fix.Time.ToUnixTimeMilliseconds())}&hdop={Decimal(fix.Accuracy)}"
        + $"&altitude={Decimal(fix.Altitude)}&speed={Decimal(fix.Speed)}&bearing={Decimal(fix.Course)}"
        + $"&batt={Integer(fix.Battery)}");

    public override Fix AsSent(Fix fix) => fix;
}
