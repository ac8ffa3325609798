using System.Collections.Frozen;
using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.GpsLogger;

/// <summary>
/// GPSLogger's custom URL: the user writes the template, so it is known by the names that its documentation proposes. Speeds
/// are metres a second; an accuracy or battery of zero means that the phone did not know.
/// </summary>
internal sealed class GpsLoggerProtocol : IGpsProtocol
{
    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "spd", "spd_kph", "prov", "dir", "timeoff", "timeoffset", "stst", "starttimestamp", "androidid", "aid", "serial", "ser",
        "fn", "filename", "profile");

    public GpsProtocol Protocol => GpsProtocol.GpsLogger;

    public bool Recognises(RequestShape shape) =>
        !shape.IsJson
        && shape.Parameters.HasAny("lat", "latitude")
        && shape.Parameters.HasAny(Names);

    public void Parse(RequestShape shape, PointSink sink) =>
        KeyValueMessage.File(shape.Parameters, SpeedUnit.MetresPerSecond, sink, zeroMeansUnknown: true);

    public GpsReply Reply(PointSink sink) => GpsReply.Empty;
}
