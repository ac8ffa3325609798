namespace WebHost.Gps.Reading;

/// <summary>One way in which devices write their points.</summary>
internal interface IGpsProtocol
{
    GpsProtocol Protocol { get; }

    /// <summary>Whether a request is in this protocol, judged by its content alone.</summary>
    bool Recognises(RequestShape shape);

    /// <summary>Files every message of the request.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body is no JSON from some place on.</exception>
    void Parse(RequestShape shape, PointSink sink);

    /// <summary>What makes the device forget its message.</summary>
    GpsReply Reply(PointSink sink);

    /// <summary>A request with nothing but a message that was quarantined, which may be less than a request was.</summary>
    GpsRequest Restore(string raw) => GpsRequest.Post(raw);
}
