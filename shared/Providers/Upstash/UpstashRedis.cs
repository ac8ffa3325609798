using WebHost.Providers.Redis;

namespace WebHost.Providers.Upstash;

/// <summary>Redis databases of a native Upstash account, known by their names.</summary>
internal sealed class UpstashRedis(IUpstashApi api) : IRedisService
{
    public async Task<RedisInstance> EnsureAsync(RedisRequest request, CancellationToken cancellationToken = default)
    {
        // There is no key that makes a repeat harmless, so the look is all that keeps it from making a second.
        if (await FindAsync(request.Name, cancellationToken) is { } present)
        {
            return present;
        }

        var primary = UpstashRegions.NearestTo(request.PrimaryRegion);
        var replicas = request.ReadRegions.Select(UpstashRegions.NearestTo).Where(region => region != primary).Distinct().ToList();
        var made = await api.CreateDatabase(
            new CreateDatabaseRequest(request.Name, "aws", primary, replicas, Tls: true), cancellationToken);
        return Describe(nameof(IUpstashApi.CreateDatabase), made);
    }

    public async Task<RedisInstance?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        if (await FindDatabaseAsync(name, cancellationToken) is not { } found)
        {
            return null;
        }

        // The list leaves the password out.
        var database = await ProviderErrors.NullWhenAbsentAsync(api.GetDatabase(found.DatabaseId, cancellationToken));
        return database is null ? null : Describe(nameof(IUpstashApi.GetDatabase), database);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        while (await FindDatabaseAsync(name, cancellationToken) is { } database)
        {
            await ProviderErrors.IgnoreAbsenceAsync(api.DeleteDatabase(database.DatabaseId, cancellationToken));
        }
    }

    private static RedisInstance Describe(string operation, UpstashDatabase database)
    {
        if (database.Password is not { Length: > 0 } password)
        {
            throw new ProviderException(
                UpstashErrors.Name,
                operation,
                new ProviderError(ProviderErrorKind.Transient, $"database {database.DatabaseName} came without its password"));
        }

        var scheme = database.Tls ? "rediss" : "redis";
        return new RedisInstance(
            database.DatabaseId,
            database.DatabaseName,
            $"{scheme}://default:{Uri.EscapeDataString(password)}@{database.Endpoint}:{database.Port}");
    }

    private async Task<UpstashDatabase?> FindDatabaseAsync(string name, CancellationToken cancellationToken) =>
        (await api.ListDatabases(cancellationToken))
            .Where(database => database.DatabaseName == name)
            .OrderBy(database => database.DatabaseId, StringComparer.Ordinal)
            .FirstOrDefault();
}
