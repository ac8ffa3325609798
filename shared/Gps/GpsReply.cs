namespace WebHost.Gps;

/// <summary>The body that makes a device take its message as delivered, to be sent with status 200.</summary>
/// <param name="ContentType">Nothing when there is no body.</param>
/// <param name="Body">The text of the body.</param>
public sealed record GpsReply(string? ContentType, string Body)
{
    /// <summary>No body, only the status.</summary>
    public static GpsReply Empty { get; } = new(null, "");

    internal static GpsReply Json(string body) => new("application/json", body);
}
