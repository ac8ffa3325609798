namespace WebHost.Gps;

/// <summary>Everything that one request of a device held.</summary>
/// <param name="Protocol">How it was written.</param>
/// <param name="Points">Valid points, in the order sent.</param>
/// <param name="Heartbeats">Signs of life without a position.</param>
/// <param name="Quarantined">What can never be accepted; at most 1,000, to bound what one body can make us hold, besides all that is good but of a
/// tracker that is not registered.</param>
/// <param name="QuarantinedCount">How many there were in all.</param>
/// <param name="Reply">What to answer when the points are safe.</param>
/// <param name="Failure">
/// Set when a body meant for our own JSON protocols is not one of them: a sentence for a 400. Nothing else is set then. Other
/// protocols never fail, since their devices would stop or repeat for ever.
/// </param>
public sealed record ParsedRequest(
    GpsProtocol Protocol,
    IReadOnlyList<GpsPoint> Points,
    IReadOnlyList<GpsHeartbeat> Heartbeats,
    IReadOnlyList<QuarantinedPoint> Quarantined,
    int QuarantinedCount,
    GpsReply Reply,
    string? Failure = null);
