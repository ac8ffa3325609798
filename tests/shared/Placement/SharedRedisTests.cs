using StackExchange.Redis;
using WebHost.Placement;
using WebHost.Security;

namespace WebHost.Tests.Placement;

public sealed class SharedRedisTests : IClassFixture<ControlFixture>, IClassFixture<RedisFixture>
{
    private readonly RedisFixture _redis;
    private readonly SecretStore _secrets;
    private readonly Server _server;

    public SharedRedisTests(ControlFixture control, RedisFixture redis)
    {
        Assert.SkipWhen(
            !RedisFixture.IsInstalled && Environment.GetEnvironmentVariable("CI") is null, "redis-server is not installed.");
        _redis = redis;
        _secrets = new SecretStore(
            control.Control, SecretProtector.FromSetting("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
        _server = new Server
        {
            Id = Guid.CreateVersion7(),
            Name = "ax52",
            ProviderServerNumber = 1,
            Region = "fsn1",
            Address = "127.0.0.1",
            State = ServerState.Accepting,
            DatabaseId = Guid.CreateVersion7(),
            Capacity = 1,
            Tenants = 0,
            Redis = new ServerRedis("127.0.0.1", redis.Port, "webhost", null),
        };
    }

    [Fact]
    public async Task A_tenant_uses_keys_and_channels_of_its_own_and_reaches_nobody_elses()
    {
        var redis = await RedisAsync();
        var (own, other) = (NewNames(), NewNames());
        await redis.AddTenantAsync(_server, own, default);
        await redis.AddTenantAsync(_server, own, default);
        await redis.AddTenantAsync(_server, other, default);

        await using var connection = await ConnectAsync(own);
        var database = connection.GetDatabase();
        await database.StringSetAsync($"{SharedRedis.Prefix(own)}position", "8.6,50.1");

        Assert.Equal("8.6,50.1", (string?)await database.StringGetAsync($"{SharedRedis.Prefix(own)}position"));
        await RefusedAsync(() => database.StringGetAsync($"{SharedRedis.Prefix(other)}position"));
        await RefusedAsync(() => database.StringSetAsync("position", "1"));
        await RefusedAsync(() => database.PublishAsync(RedisChannel.Literal($"{SharedRedis.Prefix(other)}news"), "1"));
        await RefusedAsync(() => database.ExecuteAsync("FLUSHALL"));
        await RefusedAsync(() => database.ExecuteAsync("KEYS", "*"));
        await RefusedAsync(() => database.ExecuteAsync("ACL", "LIST"));
        await RefusedAsync(() => database.ExecuteAsync("CONFIG", "GET", "*"));
    }

    [Fact]
    public async Task A_tenant_that_is_removed_leaves_neither_user_nor_keys_and_others_stay()
    {
        var redis = await RedisAsync();
        var (gone, stays) = (NewNames(), NewNames());
        foreach (var names in (ResourceNames[])[gone, stays])
        {
            await redis.AddTenantAsync(_server, names, default);
            await using var connection = await ConnectAsync(names);
            await connection.GetDatabase().StringSetAsync($"{SharedRedis.Prefix(names)}a", "1");
        }

        var password = await PasswordAsync(gone);
        await redis.RemoveTenantAsync(_server, gone, default);
        await redis.RemoveTenantAsync(_server, gone, default);

        await Assert.ThrowsAsync<RedisConnectionException>(() => _redis.ConnectAsync(gone.TenantRole, password));
        await using var administrator = await _redis.ConnectAsync("webhost", RedisFixture.Password);
        Assert.False(await administrator.GetDatabase().KeyExistsAsync($"{SharedRedis.Prefix(gone)}a"));
        Assert.True(await administrator.GetDatabase().KeyExistsAsync($"{SharedRedis.Prefix(stays)}a"));
    }

    [Fact]
    public async Task Only_the_certificate_that_the_server_reported_is_accepted()
    {
        var redis = await RedisAsync();
        var reported = new ServerRedis("127.0.0.1", _redis.TlsPort, "webhost", _redis.CertificateSha256);
        var another = reported with { CertificateSha256 = new string('0', 64) };

        await redis.AddTenantAsync(_server with { Redis = reported }, NewNames(), default);

        await Assert.ThrowsAsync<RedisConnectionException>(
            () => redis.AddTenantAsync(_server with { Redis = another }, NewNames(), default));
    }

    [Fact]
    public async Task A_server_without_redis_needs_nothing_done()
    {
        var redis = await RedisAsync();

        await redis.AddTenantAsync(_server with { Redis = null }, NewNames(), default);
        await redis.RemoveTenantAsync(_server with { Redis = null }, NewNames(), default);
    }

    private static ResourceNames NewNames() => new(Guid.CreateVersion7(), 1);

    private static async Task RefusedAsync(Func<Task> command)
    {
        var refused = await Assert.ThrowsAsync<RedisServerException>(command);
        Assert.StartsWith("NOPERM", refused.Message, StringComparison.Ordinal);
    }

    private async Task<SharedRedis> RedisAsync()
    {
        await _secrets.SetAsync(SharedRedis.SecretName(_server.Id, "webhost"), RedisFixture.Password, default);
        return new SharedRedis(_secrets);
    }

    private Task<string> PasswordAsync(ResourceNames names) =>
        _secrets.GetAsync(SharedRedis.SecretName(_server.Id, names.TenantRole), default);

    private async Task<ConnectionMultiplexer> ConnectAsync(ResourceNames names) =>
        await _redis.ConnectAsync(names.TenantRole, await PasswordAsync(names));
}
