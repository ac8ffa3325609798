namespace WebHost.Gps.Quarantine;

/// <summary>A message that could not become a point.</summary>
/// <param name="Id">Names it among the tenant's, and where a page ends.</param>
/// <param name="DeviceId">Which device sent it.</param>
/// <param name="ReceivedAt">When it arrived, UTC.</param>
/// <param name="Reason">Why it is no point.</param>
/// <param name="Protocol">How it was written.</param>
/// <param name="Raw">The message as sent, without credentials, cut to 4,096 bytes; to 65,536 when it could be a point.</param>
/// <param name="Ident">What the device calls itself in it.</param>
public sealed record QuarantinedMessage(
    QuarantineId Id,
    Guid DeviceId,
    DateTimeOffset ReceivedAt,
    QuarantineReason Reason,
    GpsProtocol Protocol,
    string Raw,
    string? Ident);
