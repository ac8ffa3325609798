namespace WebHost.Placement;

/// <summary>The roles that belong to one tenant database; roles are of the whole server, so they carry the database's name.</summary>
/// <param name="Database">Name of the database.</param>
public sealed record TenantDatabaseRoles(string Database)
{
    /// <summary>Group of the tenants' login roles.</summary>
    public string Tenants => $"{Database}_tenants";

    /// <summary>Login role that writes points.</summary>
    public string Ingest => $"{Database}_ingest";
}
