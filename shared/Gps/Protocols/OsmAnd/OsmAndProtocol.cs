using WebHost.Gps.Reading;

namespace WebHost.Gps.Protocols.OsmAnd;

/// <summary>
/// The query string of the OsmAnd app and of the trackers and servers that took it over, also as a form. Its speeds are knots
/// unless the device's setting says otherwise. Whatever no other protocol recognises ends here.
/// </summary>
internal sealed class OsmAndProtocol : IGpsProtocol
{
    public GpsProtocol Protocol => GpsProtocol.OsmAnd;

    public bool Recognises(RequestShape shape) => !shape.IsJson;

    public void Parse(RequestShape shape, PointSink sink)
    {
        if (shape.Query.IsEmpty && shape.Form.IsEmpty && shape.Body.Length > 0)
        {
            sink.Quarantine(QuarantineReason.Unreadable, shape.Body.Span);
            return;
        }

        KeyValueMessage.File(shape.Query.IsEmpty ? shape.Form : shape.Query, sink.QuerySpeed, sink);
    }

    public GpsReply Reply(PointSink sink) => GpsReply.Empty;
}
