namespace WebHost.Placement;

/// <summary>
/// What we name things at the vendors and in databases. Names follow from tenant and home alone, so that a repeated step
/// finds what its first attempt made, and two homes of one tenant never share a name.
/// </summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="Home">Number of the home: the epoch at which it serves first.</param>
public sealed record ResourceNames(Guid TenantId, long Home)
{
    private string Short => ShortOf(TenantId);

    /// <summary>First label of the tenant's hostname; the same wherever the tenant lives.</summary>
    public static string HostLabel(Guid tenantId) => $"t-{ShortOf(tenantId)}";

    /// <summary>Fly app that serves the tenant.</summary>
    public string App => $"webhost-{Short}-e{Home}";

    /// <summary>Fly app that runs the tenant's PostgreSQL.</summary>
    public string DatabaseApp => $"webhost-{Short}-e{Home}-db";

    /// <summary>Private network of the tenant's apps.</summary>
    public string Network => $"webhost-{Short}-e{Home}";

    /// <summary>The tenant's Redis.</summary>
    public string Redis => $"webhost-{Short}-e{Home}";

    /// <summary>Volume of the tenant's PostgreSQL. Fly allows lower-case letters, digits and underscores only.</summary>
    public string Volume => $"wh_{Short}_e{Home}";

    /// <summary>Volume of one of its replicas, counted from 1.</summary>
    public string ReplicaVolume(int replica) => $"{Volume}_r{replica}";

    /// <summary>Machine of the tenant's application, counted from 1 in each region.</summary>
    public string AppMachine(string region, int number) => $"{App}-{region}-{number}";

    /// <summary>Machine that takes the writes of the tenant's PostgreSQL.</summary>
    public string DatabaseMachine => DatabaseApp;

    /// <summary>Machine of one of its replicas, counted from 1.</summary>
    public string ReplicaMachine(int replica) => $"{DatabaseApp}-r{replica}";

    /// <summary>PostgreSQL role of this tenant in this home.</summary>
    public string TenantRole => $"wh_{Short}_e{Home}";

    // The last 16 of 32 hexadecimal digits. In a version 7 id they are random; the first ones are the time, which tenants that
    // sign up together share.
    private static string ShortOf(Guid tenantId) => tenantId.ToString("n")[16..];
}
