using System.Text.Json;
using WebHost.Gps.Protocols.Flespi;
using WebHost.Gps.Protocols.GeoJson;
using WebHost.Gps.Protocols.GpsLogger;
using WebHost.Gps.Protocols.OsmAnd;
using WebHost.Gps.Protocols.Overland;
using WebHost.Gps.Protocols.OwnTracks;
using WebHost.Gps.Protocols.PhoneTrack;
using WebHost.Gps.Protocols.TraccarClient10;
using WebHost.Gps.Protocols.TraccarClient8;
using WebHost.Gps.Protocols.TraccarClient9;
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
        new OwnTracksProtocol(),
        new OverlandProtocol(),
        new TraccarClient9Protocol(),
        new FlespiProtocol(),
        new GeoJsonProtocol(),
        new NdJsonProtocol(),
        new GpsLoggerProtocol(),
        new PhoneTrackProtocol(),
        new JsonProtocol(),
        new TraccarClient10Protocol(),
        new TraccarClient8Protocol(),
        new OsmAndProtocol(),
    ];

    /// <summary>Reads one request.</summary>
    /// <param name="request">The request of an authenticated device.</param>
    /// <param name="querySpeed">The device's setting for speeds in query strings, where the protocol leaves it open.</param>
    /// <param name="isRefused">Whether a tracker of this name has no device; its messages go into quarantine.</param>
    public ParsedRequest Parse(
        GpsRequest request, SpeedUnit querySpeed = SpeedUnit.Knots, Predicate<string>? isRefused = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        var shape = new RequestShape(request);
        var protocol = Array.Find(Protocols, candidate => candidate.Recognises(shape))!;
        return Parse(shape, protocol, new PointSink(clock.GetUtcNow(), querySpeed, isRefused));
    }

    /// <summary>Reads a message again that was quarantined, by the rules that hold now.</summary>
    /// <param name="protocol">How it was written.</param>
    /// <param name="raw">What was kept of it.</param>
    /// <param name="receivedAt">When it was received, UTC.</param>
    /// <param name="querySpeed">The device's setting for speeds in query strings.</param>
    public static ParsedRequest ParseAgain(GpsProtocol protocol, string raw, DateTimeOffset receivedAt, SpeedUnit querySpeed)
    {
        ArgumentNullException.ThrowIfNull(raw);
        var reader = Array.Find(Protocols, candidate => candidate.Protocol == protocol)!;
        var whole = new RequestShape(GpsRequest.Post(raw));
        var shape = reader.Recognises(whole) ? whole : new RequestShape(reader.Restore(raw));
        return Parse(shape, reader, new PointSink(receivedAt, querySpeed));
    }

    private static ParsedRequest Parse(RequestShape shape, IGpsProtocol protocol, PointSink sink)
    {
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
