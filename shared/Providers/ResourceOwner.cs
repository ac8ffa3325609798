namespace WebHost.Providers;

/// <summary>Whom a provider resource is for: written on it when it is made, looked for before it is adopted or deleted.</summary>
/// <param name="TenantId">The tenant; a resource is adopted only when its mark names the same one.</param>
/// <param name="OperationId">The operation that made it, for whoever finds the resource.</param>
public sealed record ResourceOwner(string TenantId, string OperationId);
