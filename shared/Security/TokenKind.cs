namespace WebHost.Security;

/// <summary>What a token opens.</summary>
public enum TokenKind
{
    /// <summary>A GPS device may post its points: <c>wht_…</c>.</summary>
    Device,

    /// <summary>A tenant may use its own part of the API: <c>whk_…</c>.</summary>
    TenantKey,

    /// <summary>A server that is being installed may say, once, where its database is: <c>whs_…</c>.</summary>
    ServerInstallation,
}
