namespace WebHost.Providers.Redis;

/// <summary>A Redis database that exists.</summary>
/// <param name="Id">The provider's identifier.</param>
/// <param name="Name">Our name for it.</param>
/// <param name="ConnectionUrl">Where to reach it, password included: a secret.</param>
public sealed record RedisInstance(string Id, string Name, string ConnectionUrl)
{
    /// <summary>Leaves the secret out.</summary>
    public override string ToString() => $"{nameof(RedisInstance)} {{ Id = {Id}, Name = {Name} }}";
}
