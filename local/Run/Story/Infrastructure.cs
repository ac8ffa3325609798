namespace WebHost.Local.Run.Story;

/// <param name="Role">The PostgreSQL role that reads and writes for this tenant alone.</param>
/// <param name="Server">The shared server, in multi-tenant mode.</param>
/// <param name="App">The tenant's own app, in single-tenant mode.</param>
internal sealed record Infrastructure(
    string Provider, string Region, string Database, string Role, string? Server = null, string? App = null);
