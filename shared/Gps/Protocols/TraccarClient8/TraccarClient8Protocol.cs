using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.TraccarClient8;

/// <summary>
/// Traccar Client up to version 8: POST, everything in the query string, always with its nine fields. Speeds are knots,
/// whatever the device's setting says for other apps.
/// </summary>
internal sealed class TraccarClient8Protocol : IGpsProtocol
{
    private static readonly string[] Always =
        ["id", "timestamp", "lat", "lon", "speed", "bearing", "altitude", "accuracy", "batt"];

    public GpsProtocol Protocol => GpsProtocol.TraccarClient8;

    public bool Recognises(RequestShape shape) =>
        shape.IsPost && shape.Body.IsEmpty && Array.TrueForAll(Always, shape.Parameters.Has);

    public void Parse(RequestShape shape, PointSink sink) => KeyValueMessage.File(shape.Parameters, SpeedUnit.Knots, sink);

    public GpsReply Reply(PointSink sink) => GpsReply.Empty;

    public GpsRequest Restore(string raw) => new() { Method = "POST", QueryString = raw };
}
