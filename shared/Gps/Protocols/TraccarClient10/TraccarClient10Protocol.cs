using System.Collections.Frozen;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.TraccarClient10;

/// <summary>
/// Traccar Client from version 10: POST, one form a point, only fields of this list. Speeds are knots, whatever the device's
/// setting says for other apps. A phone at rest sends forms without a position.
/// </summary>
internal sealed class TraccarClient10Protocol : IGpsProtocol
{
    private static readonly FrozenSet<string> Fields = FrozenSet.Create(
        StringComparer.Ordinal,
        "id", "lat", "lon", "timestamp", "accuracy", "altitude", "speed", "bearing", "batt", "charge", "alarm", "mock");

    public GpsProtocol Protocol => GpsProtocol.TraccarClient10;

    public bool Recognises(RequestShape shape) =>
        shape.IsPost && shape.Query.IsEmpty && shape.Form.Has("id") && shape.Form.Has("timestamp")
        && shape.Form.Pairs.All(pair => Fields.Contains(pair.Key));

    public void Parse(RequestShape shape, PointSink sink) => KeyValueMessage.File(shape.Form, SpeedUnit.Knots, sink);

    public GpsReply Reply(PointSink sink) => GpsReply.Empty;
}
