namespace WebHost.Local.Providers;

/// <summary>What a vendor's simulator accepts; what is empty here accepts anything that is not.</summary>
public sealed class LoginOptions
{
    public string User { get; init; } = "";

    public string Password { get; init; } = "";

    public string Token { get; init; } = "";

    public string Email { get; init; } = "";

    public string ApiKey { get; init; } = "";
}
