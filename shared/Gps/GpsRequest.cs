namespace WebHost.Gps;

/// <summary>What of a device's HTTP request can carry points. The device's credentials are judged before, elsewhere.</summary>
public sealed record GpsRequest
{
    /// <summary>The HTTP method, in any case.</summary>
    public required string Method { get; init; }

    /// <summary>The query string, with or without its question mark.</summary>
    public string QueryString { get; init; } = "";

    /// <summary>The body, already free of any content encoding.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Header <c>X-Limit-U</c>: OwnTracks' user.</summary>
    public string? OwnTracksUser { get; init; }

    /// <summary>Header <c>X-Limit-D</c>: OwnTracks' device.</summary>
    public string? OwnTracksDevice { get; init; }

    internal static GpsRequest Post(string body) => new() { Method = "POST", Body = System.Text.Encoding.UTF8.GetBytes(body) };
}
