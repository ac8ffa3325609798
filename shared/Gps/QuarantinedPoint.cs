namespace WebHost.Gps;

/// <summary>What a device sent and will never become a point.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Raw">The message as sent, without credentials, cut to 4,096 bytes; to 65,536 when it could be a point.</param>
/// <param name="DeviceHint">What the device calls itself in the message, as far as it was read.</param>
public sealed record QuarantinedPoint(QuarantineReason Reason, string Raw, string? DeviceHint = null);
