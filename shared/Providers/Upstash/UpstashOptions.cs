namespace WebHost.Providers.Upstash;

/// <summary>Access to a native Upstash account; accounts made through Fly are refused by its API.</summary>
public sealed class UpstashOptions
{
    /// <summary>The developer API, with its version.</summary>
    public Uri? BaseAddress { get; init; }

    /// <summary>The account's address.</summary>
    public string Email { get; init; } = "";

    /// <summary>The account's key.</summary>
    public string ApiKey { get; init; } = "";
}
