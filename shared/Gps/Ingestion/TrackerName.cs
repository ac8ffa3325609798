namespace WebHost.Gps.Ingestion;

/// <summary>Names a tracker that posts with the token of another device.</summary>
/// <param name="GatewayId">The device whose token it is.</param>
/// <param name="Ident">What the tracker calls itself.</param>
public sealed record TrackerName(Guid GatewayId, string Ident);
