using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Gps;

/// <summary>A small fleet whose devices post; each test adds devices of its own.</summary>
public sealed class GpsFleet(SharedApp shared) : IAsyncLifetime
{
    public Guid TenantId { get; private set; }

    /// <summary>Name of the database in which it lives.</summary>
    public string Database { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        TenantId = (await shared.App.SignUpToTheEndAsync(SignupData.Hobby)).TenantId;
        Database = (await shared.App.GetTenantAsync(TenantId)).GetProperty("infrastructure").Text("database");
    }

    public ValueTask DisposeAsync() => default;
}
