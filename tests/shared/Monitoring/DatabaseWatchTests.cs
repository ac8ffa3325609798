using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using WebHost.Data;
using WebHost.Monitoring;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Testing;
using WebHost.Tests.Gps.Ingestion;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Monitoring;

public sealed class DatabaseWatchTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    private readonly PlacementStore _placements = new(fixture.Control);
    private readonly DatabaseHealthStore _health = new(fixture.Control);
    private readonly AlertStore _alerts = new(fixture.Control);

    // Later than what other tests of this class have noted.
    private readonly FixedClock _clock = new(DateTimeOffset.UtcNow);

    public async ValueTask InitializeAsync()
    {
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql("UPDATE placements SET state = 'abandoned'; DELETE FROM database_health; DELETE FROM alerts").RunAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Databases_that_serve_are_watched_for_as_long_as_they_do()
    {
        var (first, second) = (await ServeFromAsync(fixture.Database), await ServeFromAsync(fixture.Database));
        await fixture.AddDatabaseAsync();

        await RunAsync();
        var watched = await _health.ListAsync(default);
        await LeaveAsync(first);
        await RunAsync();
        var still = await _health.ListAsync(default);
        await LeaveAsync(second);
        await RunAsync();

        Assert.Equal((fixture.Database.Id, DatabaseState.Answering), (Assert.Single(watched).DatabaseId, watched[0].State));
        Assert.Equal(fixture.Database.Id, Assert.Single(still).DatabaseId);
        Assert.Empty(await _health.ListAsync(default));
    }

    [Fact]
    public async Task Database_that_stops_committing_dies_and_is_dropped_is_silent_then_gone_and_answers_when_it_is_back()
    {
        await using var server = await PrivatePostgres.StartNewAsync();
        var database = await AddForeignAsync(server);
        await ServeFromAsync(database);
        await RunAsync();

        await fixture.RunAtAsync(database, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        await fixture.RunAtAsync(database, "SELECT pg_reload_conf()");
        await SeesAsync(database, DatabaseState.Silent, Watch(patience: TimeSpan.FromSeconds(1)));
        await server.KillAsync();
        await RunAsync();
        await server.StartAsync();
        await ExecuteAsync(server, "ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()");
        await SeesAsync(database, DatabaseState.Answering);
        await fixture.RunAtAsync(database, "ALTER SCHEMA fleet RENAME TO lost");
        await SeesAsync(database, DatabaseState.Gone);
        await fixture.RunAtAsync(database, "ALTER SCHEMA lost RENAME TO fleet");
        await SeesAsync(database, DatabaseState.Answering);
        await ExecuteAsync(server, $"DROP DATABASE {database.Name} WITH (FORCE)");
        await SeesAsync(database, DatabaseState.Gone);

        var history = await _health.HistoryAsync(database.Id, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, default);
        Assert.Equal(
            [
                (DatabaseState.Answering, "It answers."),
                (DatabaseState.Silent, "It did not answer within 1 s."),
                (DatabaseState.Answering, "It answers."),
                (DatabaseState.Gone, "The server answers: schema \"fleet\" does not exist."),
                (DatabaseState.Answering, "It answers."),
                (DatabaseState.Gone, $"The server answers: database \"{database.Name}\" does not exist."),
            ],
            history.Select(phase => (phase.State, phase.Reason)));
    }

    [Fact]
    public async Task Host_that_accepts_and_says_nothing_does_not_delay_the_others()
    {
        await ServeFromAsync(fixture.Database);
        Task run;
        TenantDatabaseAddress dead;
        await using (var gate = new SilentGate(fixture.Database.Host, fixture.Database.Port))
        {
            dead = await fixture.AddAliasAsync(gate.Port);
            await ServeFromAsync(dead);

            run = Watch(patience: TimeSpan.FromMinutes(5)).RunAsync(default);
            await Eventually.IsTrueAsync(async () => await StateAsync(fixture.Database) == DatabaseState.Answering);

            Assert.False(run.IsCompleted);
            Assert.Null(await StateAsync(dead));
        }

        await run;
        Assert.Equal(DatabaseState.Silent, await StateAsync(dead));
    }

    [Fact]
    public async Task Port_at_which_nobody_listens_is_silent_and_the_reason_names_no_host()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        await ServeFromAsync(await fixture.AddAliasAsync(port));

        await RunAsync();

        var found = Assert.Single(await _health.ListAsync(default));
        Assert.Equal((DatabaseState.Silent, "No connection (ConnectionRefused)."), (found.State, found.Reason));
    }

    [Fact]
    public async Task Database_that_answers_late_or_has_no_connection_free_is_slow_and_not_lost()
    {
        await ServeFromAsync(fixture.Database);
        var ingest = fixture.Database.Roles.Ingest;

        await Watch(slowAfter: TimeSpan.Zero).RunAsync(default);
        var late = Assert.Single(await _health.ListAsync(default));
        await InitializeAsync();
        await ServeFromAsync(fixture.Database);
        await fixture.RunAsync($"ALTER ROLE \"{ingest}\" CONNECTION LIMIT 0");
        await RunAsync();
        await fixture.RunAsync($"ALTER ROLE \"{ingest}\" CONNECTION LIMIT -1");
        var full = Assert.Single(await _health.ListAsync(default));

        Assert.Matches(@"^It took \d+\.\d s to answer\.$", late.Reason);
        Assert.Equal("It answers and has no connection free (53300).", full.Reason);
        Assert.All([late, full], found => Assert.Equal((DatabaseState.Slow, null), (found.State, found.LostSince)));
        Assert.Empty(await _alerts.ListAsync(includeResolved: true, 10, default));
    }

    [Fact]
    public async Task Login_that_the_application_has_lost_says_nothing_about_the_database()
    {
        var alias = await fixture.AddAliasAsync(fixture.Database.Port + 1);
        await ServeFromAsync(alias);
        await ServeFromAsync(fixture.Database);
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql(
            "UPDATE secrets SET ciphertext = 'unreadable' WHERE name = $1", alias.SecretName(alias.Roles.Ingest)).RunAsync();

        await RunAsync();

        Assert.Equal(fixture.Database.Id, Assert.Single(await _health.ListAsync(default)).DatabaseId);
    }

    [Fact]
    public async Task Silent_server_is_reported_once_by_its_name_until_it_answers()
    {
        await using var gate = new SilentGate(fixture.Database.Host, fixture.Database.Port);
        var database = await fixture.AddAliasAsync(gate.Port);
        var server = await AddServerAsync(database);
        await ServeFromAsync(database, server);
        await ServeFromAsync(database, server);
        var hasty = Watch(patience: TimeSpan.FromSeconds(1));

        await RunAsync(hasty);
        await RunAsync(hasty);
        var raised = Assert.Single(await _alerts.ListAsync(includeResolved: true, 10, default));
        gate.Open();
        await RunAsync();

        Assert.Equal((DatabaseWatch.SilentAlert, database.Id.ToString()), (raised.Kind, raised.Subject));
        Assert.StartsWith($"Server {server.Name} with 2 tenants has served nobody since", raised.Message, StringComparison.Ordinal);
        Assert.Null(raised.ResolvedAt);
        Assert.NotNull(Assert.Single(await _alerts.ListAsync(includeResolved: true, 10, default)).ResolvedAt);
    }

    [Fact]
    public async Task Two_watches_at_once_note_and_report_a_change_once()
    {
        await using var gate = new SilentGate(fixture.Database.Host, fixture.Database.Port);
        var database = await fixture.AddAliasAsync(gate.Port);
        await ServeFromAsync(database);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Watch(patience: TimeSpan.FromSeconds(1)).RunAsync(default)));
        gate.Open();
        _clock.Advance(TimeSpan.FromSeconds(10));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Watch().RunAsync(default)));

        Assert.Equal(
            [DatabaseState.Silent, DatabaseState.Answering],
            (await _health.HistoryAsync(database.Id, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, default))
                .Select(phase => phase.State));
        Assert.Single(await _alerts.ListAsync(includeResolved: true, 10, default));
    }

    [Fact]
    public async Task What_was_over_90_days_ago_is_forgotten()
    {
        await ServeFromAsync(fixture.Database);
        await _health.NoteAsync(fixture.Database.Id, new(DatabaseState.Silent, "Long ago."), _clock.GetUtcNow().AddDays(-92), default);
        await _health.NoteAsync(fixture.Database.Id, new(DatabaseState.Gone, "Later."), _clock.GetUtcNow().AddDays(-91), default);
        await _health.NoteAsync(fixture.Database.Id, new(DatabaseState.Slow, "Latest."), _clock.GetUtcNow().AddDays(-89), default);

        await RunAsync();

        Assert.Equal(
            ["Later.", "Latest.", "It answers."],
            (await _health.HistoryAsync(fixture.Database.Id, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, default))
                .Select(phase => phase.Reason));
    }

    private DatabaseWatch Watch(TimeSpan? patience = null, TimeSpan? slowAfter = null)
    {
        var usual = new DatabaseProbe(TimeProvider.System);
        return new DatabaseWatch(
            _placements,
            fixture.Databases,
            _health,
            _alerts,
            new DatabaseProbe(TimeProvider.System) { Patience = patience ?? usual.Patience, SlowAfter = slowAfter ?? usual.SlowAfter },
            _clock,
            NullLogger<DatabaseWatch>.Instance);
    }

    private async Task RunAsync(DatabaseWatch? watch = null)
    {
        _clock.Advance(TimeSpan.FromSeconds(10));
        await (watch ?? Watch()).RunAsync(default);
    }

    private Task SeesAsync(TenantDatabaseAddress database, DatabaseState state, DatabaseWatch? watch = null) =>
        Eventually.IsTrueAsync(async () =>
        {
            await RunAsync(watch);
            return await StateAsync(database) == state;
        });

    private async Task<DatabaseState?> StateAsync(TenantDatabaseAddress database) =>
        (await _health.ListAsync(default)).SingleOrDefault(found => found.DatabaseId == database.Id)?.State;

    // A placement is all that is watched; the database need not be reached to be given one.
    private async Task<TenantPlacement> ServeFromAsync(TenantDatabaseAddress database, Server? server = null)
    {
        var tenant = await fixture.AddTenantAsync();
        await _placements.UseDatabaseAsync(tenant.TenantId, tenant.Home, database.Id, default);
        if (server is not null)
        {
            await new ServerStore(fixture.Control).ReserveSlotAsync(tenant.TenantId, tenant.Home, server.Region, lifetime: null, default);
        }

        await _placements.EnterAsync(tenant.TenantId, tenant.Epoch, PlacementState.Serving, default);
        return tenant;
    }

    private Task LeaveAsync(TenantPlacement tenant) =>
        _placements.EnterAsync(tenant.TenantId, tenant.Epoch, PlacementState.Abandoned, default);

    private async Task<Server> AddServerAsync(TenantDatabaseAddress database)
    {
        var server = await fixture.AddServerAsync(capacity: 2, region: $"r{database.Port}");
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql("UPDATE servers SET database_id = $2 WHERE id = $1", server.Id, database.Id).RunAsync();
        return server;
    }

    private async Task<TenantDatabaseAddress> AddForeignAsync(PrivatePostgres server)
    {
        var name = $"watched_{Guid.NewGuid():n}";
        await ExecuteAsync(server, $"CREATE DATABASE {name}");
        var database = await fixture.AddForeignDatabaseAsync(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name, SslMode = SslMode.Disable }, null);
        await fixture.Setup.PrepareAsync(database, HostingMode.MultiTenant, default);
        return database;
    }

    private static async Task ExecuteAsync(PrivatePostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection($"{server.ConnectionString};Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in sql.Split(';'))
        {
            await connection.Sql(statement).RunAsync();
        }
    }
}
