namespace WebHost.Local.Providers.Tests.Schema;

/// <summary>A request of ours and what the simulator answered.</summary>
internal sealed record Exchange(string Method, Uri Address, string? RequestBody, int Status, string ResponseBody);
