using System.Net.Http.Headers;
using System.Text;
using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Devices;

/// <summary>Traccar Client 10 (2026): one position a POST, as a form; speed in knots with two decimals, time in seconds.</summary>
/// <param name="identifier">The number the app shows on its first screen.</param>
internal sealed class TraccarClient(Uri address, string identifier) : Device(address)
{
    private const double MetresPerSecondPerKnot = 1852.0 / 3600;

    private static readonly MediaTypeHeaderValue Form =
        MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded; charset=UTF-8");

    public override HttpRequestMessage Post(Fix fix) => new(HttpMethod.Post, Address)
    {
        Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body(fix))) { Headers = { ContentType = Form } },
    };

    public override Fix AsSent(Fix fix) => fix with { Speed = Knots(fix) * MetresPerSecondPerKnot };

    private string Body(Fix fix) =>
        $"id={identifier}&lat={Decimal(fix.Latitude)}&lon={Decimal(fix.Longitude)}"
        + $"&timestamp={Integer(fix.Time.ToUnixTimeSeconds())}&accuracy={Decimal(fix.Accuracy)}"
        + $"&altitude={Decimal(fix.Altitude)}&speed={Decimal(Knots(fix))}&bearing={Decimal(fix.Course)}"
        + $"&batt={Integer(fix.Battery)}&charge=true";

    private static double Knots(Fix fix) => Math.Round(fix.Speed / MetresPerSecondPerKnot, 2);
}
