using System.Text.Json;
using WebHost.Gps.Protocols.GeoJson;
using WebHost.Gps.Protocols.OsmAnd;
using WebHost.Gps.Protocols.TraccarClient10;
using WebHost.Gps.Protocols.TraccarClient8;
using WebHost.Gps.Protocols.WebHostJson;
using WebHost.Gps.Reading;

namespace WebHost.Gps;

/// <summary>Reads the points out of a device's request, in whatever protocol it is written. No input makes it throw.</summary>
/// <param name="clock">Says when a request was received.</param>
public sealed class GpsParser(TimeProvider clock)
{
    /// <summary>All protocols; the first that recognises a request reads it, so the more particular come first.</summary>
    private static readonly IGpsProtocol[] Protocols =
    [
        new GeoJsonProtocol(),
        new NdJsonProtocol(),
        new JsonProtocol(),
        new TraccarClient10Protocol(),
        new TraccarClient8Protocol(),
        new OsmAndProtocol(),
    ];

    /// <summary>Reads one request.</summary>
    /// <param name="request">The request of an authenticated device.</param>
    /// <param name="querySpeed">The device's setting for speeds in query strings, where the protocol leaves it open.</param>
    public ParsedRequest Parse(GpsRequest request, SpeedUnit querySpeed = SpeedUnit.Knots)
    {
        ArgumentNullException.ThrowIfNull(request);
        var shape = new RequestShape(request);
        var sink = new PointSink(clock.GetUtcNow(), querySpeed);
        var protocol = Array.Find(Protocols, candidate => candidate.Recognises(shape))!;
        try
        {
            protocol.Parse(shape, sink);
        }
        catch (JsonException exception)
        {
            if (protocol.Protocol is GpsProtocol.Json or GpsProtocol.GeoJson)
            {
                sink.Fail(
                    $"The body is not JSON: something is wrong in line {exception.LineNumber + 1} "
                    + $"after {exception.BytePositionInLine} bytes.");
            }
            else
            {
                sink.Quarantine(QuarantineReason.Unreadable, shape.Body.Span);
            }
        }

        return sink.ToParsedRequest(protocol);
    }
}
