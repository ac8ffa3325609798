namespace WebHost.Providers.Hetzner;

/// <summary>Access to Hetzner's Robot web service.</summary>
public sealed class HetznerOptions
{
    /// <summary>The web service.</summary>
    public Uri? BaseAddress { get; init; }

    /// <summary>The web service user (<c>#ws+…</c>), which is not the account's login.</summary>
    public string User { get; init; } = "";

    /// <summary>The web service user's password.</summary>
    public string Password { get; init; } = "";
}
