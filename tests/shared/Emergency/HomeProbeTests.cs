using Npgsql;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Testing;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Emergency;

public sealed class HomeProbeTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    [Theory]
    [InlineData(null, HomePresence.Serving)]
    [InlineData("UPDATE fleet.customers SET writable = false", HomePresence.Present)]
    [InlineData("DELETE FROM fleet.customers", HomePresence.Gone)]
    public async Task Home_that_answers_is_what_its_database_says_of_the_tenant(string? change, HomePresence expected)
    {
        var tenant = await fixture.AddServedTenantAsync();
        if (change is not null)
        {
            await fixture.RunAsync($"{change} WHERE customer_id = $1", tenant.TenantId);
        }

        Assert.Equal(expected, (await LookAsync(fixture.Database, tenant)).Presence);
    }

    [Fact]
    public async Task Home_whose_commits_hang_is_silent_and_one_whose_database_was_dropped_is_gone()
    {
        await using var server = await PrivatePostgres.StartNewAsync();
        await ExecuteAsync(server, "CREATE DATABASE home");
        var database = await fixture.AddForeignDatabaseAsync(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = "home", SslMode = SslMode.Disable }, null);
        await fixture.Setup.PrepareAsync(database, HostingMode.SingleTenant, default);
        var tenant = await fixture.AddServedTenantAsync(database: database);

        await ExecuteAsync(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        await ExecuteAsync(server, "SELECT pg_reload_conf()");
        await Eventually.IsTrueAsync(async () => (await LookAsync(database, tenant)).Presence == HomePresence.Silent);
        var silent = await LookAsync(database, tenant);
        await ExecuteAsync(server, "ALTER SYSTEM RESET ALL");
        await ExecuteAsync(server, "SELECT pg_reload_conf()");
        await Eventually.IsTrueAsync(async () => (await LookAsync(database, tenant)).Presence == HomePresence.Serving);
        await ExecuteAsync(server, "DROP DATABASE home WITH (FORCE)");
        var gone = await LookAsync(database, tenant);
        await server.KillAsync();
        var dead = await LookAsync(database, tenant);

        Assert.Equal("It did not answer within 5 s.", silent.Detail);
        Assert.Equal((HomePresence.Gone, "The server answers: database \"home\" does not exist."), (gone.Presence, gone.Detail));
        Assert.Equal((HomePresence.Silent, "No connection (ConnectionRefused)."), (dead.Presence, dead.Detail));
    }

    private Task<HomeCondition> LookAsync(TenantDatabaseAddress database, TenantPlacement tenant) =>
        new HomeProbe(new MovingConnections(fixture.Databases)).LookAsync(database, tenant.TenantId, default);

    private static async Task ExecuteAsync(PrivatePostgres server, string statement)
    {
        await using var connection = new NpgsqlConnection($"{server.ConnectionString};Pooling=false");
        await connection.OpenAsync();
        await connection.Sql(statement).RunAsync();
    }
}
