using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;
using WebHost.Security;

namespace WebHost.Placement;

/// <summary>
/// The tenants' part in a shared server's Redis: each has a user that sees the keys and channels below its own prefix and has
/// no command that reaches past it. Every method may be repeated.
/// </summary>
public sealed class SharedRedis(SecretStore secrets)
{
    private const int ConnectTimeoutMs = 5000;

    /// <summary>Name under which the password of one of the server's Redis users is kept.</summary>
    public static string SecretName(Guid serverId, string user) => $"redis/{serverId}/{user}";

    /// <summary>What a tenant's keys and channels begin with.</summary>
    public static string Prefix(ResourceNames names) => $"{names.TenantRole}:";

    /// <summary>Gives the tenant its user. Without a Redis on the server, nothing happens.</summary>
    public async Task AddTenantAsync(Server server, ResourceNames names, CancellationToken cancellationToken)
    {
        if (server.Redis is not { } redis)
        {
            return;
        }

        var password = await secrets.GetOrCreateAsync(SecretName(server.Id, names.TenantRole), cancellationToken);
        await using var connection = await ConnectAsync(server.Id, redis, cancellationToken);
        var database = connection.GetDatabase();
        await database.ExecuteAsync(
            "ACL", "SETUSER", names.TenantRole, "reset", "on", Verifier(password), $"~{Prefix(names)}*", $"&{Prefix(names)}*",
            "+@all", "-@admin", "-@dangerous");
        await database.ExecuteAsync("ACL", "SAVE");
    }

    /// <summary>Takes the tenant's user and keys away.</summary>
    public async Task RemoveTenantAsync(Server server, ResourceNames names, CancellationToken cancellationToken)
    {
        if (server.Redis is not { } redis)
        {
            return;
        }

        await using (var connection = await ConnectAsync(server.Id, redis, cancellationToken))
        {
            var database = connection.GetDatabase();
            await database.ExecuteAsync("ACL", "DELUSER", names.TenantRole);
            await database.ExecuteAsync("ACL", "SAVE");
            var keys = connection.GetServers()[0].KeysAsync(pattern: $"{Prefix(names)}*", pageSize: 1000);
            await foreach (var key in keys.WithCancellation(cancellationToken))
            {
                await database.KeyDeleteAsync(key);
            }
        }

        await secrets.RemoveAsync(SecretName(server.Id, names.TenantRole), cancellationToken);
    }

    // What Redis keeps of a password. It is all that it is told: commands are seen by whoever watches the server.
    private static string Verifier(string password) =>
        $"#{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(password)))}";

    private async Task<ConnectionMultiplexer> ConnectAsync(
        Guid serverId, ServerRedis redis, CancellationToken cancellationToken)
    {
        var options = new ConfigurationOptions
        {
            EndPoints = { { redis.Host, redis.Port } },
            User = redis.User,
            Password = await secrets.GetAsync(SecretName(serverId, redis.User), cancellationToken),
            Ssl = redis.CertificateSha256 is not null,
            AllowAdmin = true,
            // Whoever calls tries again with more patience.
            ConnectRetry = 1,
            ConnectTimeout = ConnectTimeoutMs,
            IncludeDetailInExceptions = false,
        };
        // The server made its certificate itself; it is known by what the server reported when it was installed.
        options.CertificateValidation += (_, certificate, _, _) =>
            string.Equals(
                certificate?.GetCertHashString(HashAlgorithmName.SHA256), redis.CertificateSha256, StringComparison.OrdinalIgnoreCase);
        return await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(cancellationToken);
    }
}
