namespace WebHost.Scenarios.Callers;

/// <summary>A customer whose signup was accepted.</summary>
internal sealed record SignedUp(Guid TenantId, Guid OperationId)
{
    /// <summary>Last half of the id in hexadecimal: part of the name of everything that is made for the tenant.</summary>
    public string Short => TenantId.ToString("n")[16..];
}
