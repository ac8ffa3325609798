using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Testing;

namespace WebHost.Tests.Placement;

/// <summary>A database's server that reported its certificate, and one that came in its place.</summary>
public sealed class PinnedCertificateTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_connection_is_refused_once_the_server_shows_another_certificate_than_it_reported()
    {
        await using var server = await PrivatePostgres.StartNewAsync();
        var database = await AddAsync(server, SslMode.Prefer, await server.RestartWithCertificateAsync());
        await fixture.Setup.PrepareAsync(database, HostingMode.MultiTenant, Cancelled);
        var placement = await fixture.AddTenantAsync() with { DatabaseId = database.Id };
        await fixture.Setup.AddTenantAsync(database, placement, Cancelled);
        await fixture.Setup.VerifyAsync(database, placement, Cancelled);
        await using (var connections = new TenantConnections(fixture.Databases))
        {
            Assert.True(await IsEncryptedAsync(await connections.ForTenantAsync(placement)));
            Assert.True(await IsEncryptedAsync(await connections.ForIngestAsync(database.Id)));
        }

        await server.RestartWithCertificateAsync();

        await using var later = new TenantConnections(fixture.Databases);
        var (tenants, ingest) = (await later.ForTenantAsync(placement), await later.ForIngestAsync(database.Id));
        var admin = await fixture.Databases.AdminLoginAsync(database, Cancelled);
        await using var adminPool = admin.CreatePool();
        await AssertRefusedAsync(async () => await (await tenants.OpenConnectionAsync(Cancelled)).DisposeAsync());
        await AssertRefusedAsync(async () => await (await ingest.OpenConnectionAsync(Cancelled)).DisposeAsync());
        await AssertRefusedAsync(async () => await (await admin.OpenAsync(Cancelled)).DisposeAsync());
        await AssertRefusedAsync(() => new SchemaMigrator(NullLogger<SchemaMigrator>.Instance).MigrateTenantDatabaseAsync(
            adminPool, database.Roles.Tenants, database.Roles.Ingest, HostingMode.MultiTenant, Cancelled));
    }

    [Fact]
    public async Task A_server_without_TLS_is_refused_where_a_certificate_was_reported()
    {
        await using var server = await PrivatePostgres.StartNewAsync();
        var reported = await AddAsync(server, SslMode.Prefer, new string('0', 64));
        var admin = await fixture.Databases.AdminLoginAsync(reported, Cancelled);

        await AssertRefusedAsync(async () => await (await admin.OpenAsync(Cancelled)).DisposeAsync());
    }

    [Fact]
    public async Task A_database_reached_over_a_network_is_not_fit_while_its_certificate_is_unknown()
    {
        await using var server = await PrivatePostgres.StartNewAsync();
        var hash = await server.RestartWithCertificateAsync();
        // A name, so that it does not count as this machine.
        var unknown = await AddAsync(server, SslMode.Require, null, host: "localhost");
        var refused = await Assert.ThrowsAsync<TenantDatabaseNotFitException>(
            () => fixture.Setup.InspectAsync(unknown, Cancelled));
        var known = await AddAsync(server, SslMode.Require, hash, host: "localhost");

        Assert.Contains("certificate", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("encrypted.", await fixture.Setup.InspectAsync(known, Cancelled), StringComparison.Ordinal);
        Assert.Equal(known, await fixture.Databases.GetAsync(unknown.Id, Cancelled));
    }

    private static async Task<bool> IsEncryptedAsync(NpgsqlDataSource pool)
    {
        await using var connection = await pool.OpenConnectionAsync(Cancelled);
        return await connection.Sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            .FirstAsync(row => row.GetBoolean(0), Cancelled);
    }

    private static Task AssertRefusedAsync(Func<Task> connect) => Assert.ThrowsAsync<NpgsqlException>(connect);

    private Task<TenantDatabaseAddress> AddAsync(
        PrivatePostgres server, SslMode sslMode, string? certificateSha256, string host = "127.0.0.1") =>
        fixture.AddForeignDatabaseAsync(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = host, SslMode = sslMode },
            certificateSha256);
}
