namespace WebHost.Local.Run.Story;

/// <summary>A provisioned tenant as GET /api/tenants/{id} answers it.</summary>
internal sealed record Tenant(
    string Id,
    string Company,
    string Plan,
    string Mode,
    string State,
    string Hostname,
    long Epoch,
    Infrastructure Infrastructure);
