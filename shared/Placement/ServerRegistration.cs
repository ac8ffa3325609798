using WebHost.Data;
using WebHost.Monitoring;
using WebHost.Plans;
using WebHost.Security;

namespace WebHost.Placement;

/// <summary>A shared server that an operator has installed.</summary>
/// <param name="Name">The operators' name for it, unique.</param>
/// <param name="ProviderServerNumber">Hetzner's number for it.</param>
/// <param name="Region">Hetzner's location code.</param>
/// <param name="Address">Its public IP address.</param>
/// <param name="Capacity">How many tenants it may hold, 1 to 150.</param>
/// <param name="Database">Its database.</param>
/// <param name="Redis">Its Redis, if it has one.</param>
public sealed record NewServer(
    string Name,
    long ProviderServerNumber,
    string Region,
    string Address,
    int Capacity,
    NewServerDatabase Database,
    NewServerRedis? Redis = null);

/// <summary>The database of a shared server that an operator has installed.</summary>
/// <param name="Host">DNS name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Name">Name of the database.</param>
/// <param name="User">Role that owns it and may create roles.</param>
/// <param name="Password">That role's password.</param>
/// <param name="SslMode">Npgsql's name of the TLS mode; "Prefer" when absent.</param>
/// <param name="CertificateSha256">
/// SHA-256 of the server's certificate in hexadecimal digits. With it TLS is required and no other certificate is accepted;
/// absent where the TLS mode alone decides.
/// </param>
public sealed record NewServerDatabase(
    string Host,
    int Port,
    string Name,
    string User,
    string Password,
    string? SslMode = null,
    string? CertificateSha256 = null)
{
    /// <summary>Leaves the password out.</summary>
    public override string ToString() => $"{nameof(NewServerDatabase)} {{ {User}@{Host}:{Port}/{Name} }}";
}

/// <summary>The Redis of a shared server that an operator has installed.</summary>
/// <param name="Host">DNS name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="User">The user that may make users.</param>
/// <param name="Password">That user's password.</param>
/// <param name="CertificateSha256">SHA-256 of its certificate in hexadecimal digits; absent when it speaks no TLS.</param>
public sealed record NewServerRedis(string Host, int Port, string User, string Password, string? CertificateSha256 = null)
{
    /// <summary>Leaves the password out.</summary>
    public override string ToString() => $"{nameof(NewServerRedis)} {{ {User}@{Host}:{Port} }}";
}

/// <summary>What a server that has just been installed reports.</summary>
/// <param name="Database">Its database.</param>
/// <param name="Redis">Its Redis, if it has one.</param>
public sealed record InstalledServer(NewServerDatabase Database, NewServerRedis? Redis = null);

/// <summary>Takes a shared server into service: makes its database fit for tenants, then opens its slots.</summary>
public sealed class ServerRegistration(
    ControlDatabase control,
    ServerStore servers,
    TenantDatabaseStore databases,
    TenantDatabaseSetup setup,
    SecretStore secrets,
    AlertStore alerts)
{
    /// <summary>Kind of the alert that is open while tenants wait for a slot.</summary>
    public const string ServersFull = "servers-full";

    /// <summary>Registers a server. One of that name that is there already is answered as it is.</summary>
    /// <returns>The server, and whether it is new.</returns>
    public async Task<(Server Server, bool Created)> RegisterAsync(NewServer added, CancellationToken cancellationToken)
    {
        if (await servers.FindByNameAsync(added.Name, cancellationToken) is { } present)
        {
            return (present, false);
        }

        var database = await databases.AddAsync(
            added.Database.Host, added.Database.Port, added.Database.Name, added.Database.User,
            added.Database.SslMode ?? "Prefer", added.Database.CertificateSha256, cancellationToken);
        await secrets.SetAsync(database.SecretName(database.AdminUser), added.Database.Password, cancellationToken);
        await setup.PrepareAsync(database, HostingMode.MultiTenant, cancellationToken);

        var server = new Server
        {
            Id = Guid.CreateVersion7(),
            Name = added.Name,
            ProviderServerNumber = added.ProviderServerNumber,
            Region = added.Region,
            Address = added.Address,
            State = ServerState.Accepting,
            DatabaseId = database.Id,
            Capacity = added.Capacity,
            Tenants = 0,
            Redis = added.Redis is { } redis ? new ServerRedis(redis.Host, redis.Port, redis.User, redis.CertificateSha256) : null,
        };
        if (added.Redis is not null)
        {
            await secrets.SetAsync(
                SharedRedis.SecretName(server.Id, added.Redis.User), added.Redis.Password, cancellationToken);
        }

        await control.TransactAsync(
            async transaction =>
            {
                await ServerStore.AddAsync(transaction, server, cancellationToken);
                return true;
            },
            cancellationToken);
        await alerts.ResolveAsync(ServersFull, server.Region, cancellationToken);
        return (server, true);
    }
}
