using System.Net.Sockets;
using Npgsql;
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
/// absent where the TLS mode alone decides. A database that is not on this machine needs it, or a mode that verifies.
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

    /// <summary>
    /// Registers a server. One of that name that is there already is answered as it is. Nothing is stored of a server that is
    /// refused.
    /// </summary>
    /// <returns>The server, and whether it is new.</returns>
    /// <exception cref="ServerTakenException">Another server has that number or that database.</exception>
    /// <exception cref="ServerDatabaseException">The database cannot be entered.</exception>
    /// <exception cref="TenantDatabaseNotFitException">The database could not serve tenants.</exception>
    public async Task<(Server Server, bool Created)> RegisterAsync(NewServer added, CancellationToken cancellationToken)
    {
        var registered = await control.TransactAsync<(Server Server, bool Created)>(
            async transaction =>
            {
                // One after the other: two servers that are registered at once might be one.
                await transaction.Sql("SELECT pg_advisory_xact_lock(hashtextextended('servers', 0))").RunAsync(cancellationToken);
                if (await servers.FindByNameAsync(added.Name, cancellationToken) is { } present)
                {
                    return (present, false);
                }

                var server = await PrepareAsync(added, cancellationToken);
                await ServerStore.AddAsync(transaction, server, cancellationToken);
                return (server, true);
            },
            cancellationToken);
        if (registered.Created)
        {
            await alerts.ResolveAsync(ServersFull, registered.Server.Region, cancellationToken);
        }

        return registered;
    }

    private async Task<Server> PrepareAsync(NewServer added, CancellationToken cancellationToken)
    {
        var at = added.Database;
        if (await servers.FindOtherAsync(added.ProviderServerNumber, at.Host, at.Port, at.Name, cancellationToken) is { } other)
        {
            throw new ServerTakenException(
                $"Server {other} has the number {added.ProviderServerNumber} or the database {at.Name} at {at.Host}:{at.Port}. "
                + "GET /api/servers lists what is in service.");
        }

        var unknown = new TenantDatabaseAddress(
            Guid.Empty, at.Host, at.Port, at.Name, at.User, at.SslMode ?? "Prefer", at.CertificateSha256);
        try
        {
            await TenantDatabaseSetup.InspectAsync(unknown, unknown.For(at.User, at.Password), cancellationToken);
        }
        catch (Exception refused) when (refused is NpgsqlException or SocketException or TimeoutException)
        {
            throw new ServerDatabaseException(refused);
        }

        var database = await databases.AddAsync(
            at.Host, at.Port, at.Name, at.User, unknown.SslMode, at.CertificateSha256, cancellationToken);
        await secrets.SetAsync(database.SecretName(database.AdminUser), at.Password, cancellationToken);
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

        return server;
    }
}

/// <summary>What is to be a new server is, in part, one that is in service.</summary>
public sealed class ServerTakenException(string message) : Exception(message);

/// <summary>The database of a new server cannot be entered as its administrator; the inner exception says why.</summary>
public sealed class ServerDatabaseException(Exception refused) : Exception(refused.Message, refused);
