namespace WebHost.Local.Run.Story;

/// <summary>The 202 to a signup.</summary>
internal sealed record Accepted(string TenantId, string OperationId, Uri StatusUrl);
