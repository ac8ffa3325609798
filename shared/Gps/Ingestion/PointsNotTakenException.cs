namespace WebHost.Gps.Ingestion;

/// <summary>The queue has not taken points: they are not safe, and whoever sent them must send them again.</summary>
public sealed class PointsNotTakenException(string message, Exception? cause = null) : Exception(message, cause);
