namespace WebHost.Providers.Redis;

/// <summary>A Redis database to be.</summary>
/// <param name="Name">Its name, which is its identity: the same name is the same database.</param>
/// <param name="PrimaryRegion">A Fly region such as <c>fra</c>; the native Upstash service takes the nearest of its own.</param>
public sealed record RedisRequest(string Name, string PrimaryRegion)
{
    /// <summary>Fly regions with a read replica.</summary>
    public IReadOnlyList<string> ReadRegions { get; init; } = [];
}
