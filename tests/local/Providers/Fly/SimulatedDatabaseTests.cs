using Npgsql;
using WebHost.Providers;
using WebHost.Providers.Fly;

namespace WebHost.Local.Providers.Tests.Fly;

public sealed class SimulatedDatabaseTests(Simulators simulators) : IClassFixture<Simulators>
{
    private const string Password = "it's a secret";

    private async Task<FlyMachine> AddMachineAsync(string app, string name, ResourceOwner owner)
    {
        var volume = await simulators.Client<FlyVolumes>().EnsureVolumeAsync(
            app, new FlyVolumeRequest($"pg_{name}", "fra", 10) { UniqueZoneAppWide = true }, Cancelled);
        return await simulators.Client<FlyMachines>().EnsureMachineAsync(
            app, new FlyMachineRequest(name, "fra", SimulatedDatabases.PostgresConfig(volume.Id)), owner, Cancelled);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_postgres_machine_is_a_database_whose_administrator_makes_roles_and_maps()
    {
        var app = Simulators.NewAppName();
        await simulators.StartDatabaseAsync(app, Simulators.NewOwner(), Password);

        await using var connection = await Simulators.ConnectAsync(app, app, Password);
        var role = $"ingest_{app}";
        await ExecuteAsync(connection, $"CREATE ROLE \"{role}\" LOGIN; CREATE TABLE points (at geometry(Point, 4326)); GRANT SELECT ON points TO \"{role}\"");
        var distance = await ScalarAsync(connection, "SELECT ST_Distance('POINT(0 0)'::geometry, 'POINT(3 4)'::geometry)");
        var isSuper = await ScalarAsync(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user");

        Assert.Equal(5.0, distance);
        Assert.Equal(false, isSuper);
    }

    [Fact]
    public async Task Nobody_else_may_connect_to_it()
    {
        var (first, second) = (Simulators.NewAppName(), Simulators.NewAppName());
        await simulators.StartDatabaseAsync(first, Simulators.NewOwner(), Password);
        await simulators.StartDatabaseAsync(second, Simulators.NewOwner(), Password);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => Simulators.ConnectAsync(first, second, Password));

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task A_replica_is_no_second_database_and_takes_no_writes_when_the_primary_is_gone()
    {
        var app = Simulators.NewAppName();
        var owner = Simulators.NewOwner();
        var (primary, _) = await simulators.StartDatabaseAsync(app, owner, Password);
        await using (var connection = await Simulators.ConnectAsync(app, app, Password))
        {
            await ExecuteAsync(connection, "CREATE TABLE kept (id int)");
        }

        var replica = await AddMachineAsync(app, "replica", owner);
        var machines = simulators.Client<FlyMachines>();
        await machines.WaitStartedAsync(app, replica, TimeSpan.FromSeconds(30), Cancelled);
        await using (var connection = await Simulators.ConnectAsync(app, app, Password))
        {
            Assert.Equal(0L, await ScalarAsync(connection, "SELECT count(*) FROM kept"));
        }

        await machines.StopAsync(app, primary.Id, cancellationToken: Cancelled);
        await machines.WaitStoppedAsync(app, primary, TimeSpan.FromSeconds(30), Cancelled);

        Assert.Single(
            await simulators.ResourcesAsync("fly"),
            resource => (string?)resource["name"] == "replica" && (string?)resource["parent"] == app);
        await Assert.ThrowsAsync<PostgresException>(() => Simulators.ConnectAsync(app, app, Password));
    }

    [Fact]
    public async Task A_replica_does_not_start_without_a_primary_to_clone()
    {
        var app = Simulators.NewAppName();
        var owner = Simulators.NewOwner();
        var (primary, _) = await simulators.StartDatabaseAsync(app, owner, Password);
        await simulators.Client<FlyMachines>().DeleteMachineAsync(app, primary.Id, cancellationToken: Cancelled);

        var replica = await AddMachineAsync(app, "replica", owner);

        var failed = await Assert.ThrowsAsync<ProviderException>(() => simulators.Client<FlyMachines>().WaitStartedAsync(
            app, replica, TimeSpan.FromSeconds(30), Cancelled));
        Assert.Equal(ProviderErrorKind.Permanent, failed.Kind);
    }

    [Fact]
    public async Task Its_data_lives_as_long_as_its_volume_and_goes_with_the_roles_it_made()
    {
        var app = Simulators.NewAppName();
        var owner = Simulators.NewOwner();
        var (machine, volume) = await simulators.StartDatabaseAsync(app, owner, Password);
        var role = $"reader_of_{app}";
        await using (var connection = await Simulators.ConnectAsync(app, app, Password))
        {
            await ExecuteAsync(connection, $"CREATE TABLE kept (id int); CREATE ROLE \"{role}\" LOGIN; GRANT SELECT ON kept TO \"{role}\"");
        }

        var machines = simulators.Client<FlyMachines>();
        await machines.DeleteMachineAsync(app, machine.Id, cancellationToken: Cancelled);
        var down = await Assert.ThrowsAsync<PostgresException>(() => Simulators.ConnectAsync(app, app, Password));
        var next = await machines.EnsureMachineAsync(
            app, new FlyMachineRequest("next", "fra", SimulatedDatabases.PostgresConfig(volume.Id)), owner, Cancelled);
        await machines.WaitStartedAsync(app, next, TimeSpan.FromSeconds(30), Cancelled);
        await using (var connection = await Simulators.ConnectAsync(app, app, Password))
        {
            Assert.Equal(0L, await ScalarAsync(connection, "SELECT count(*) FROM kept"));
        }

        await simulators.Client<FlyApps>().DeleteAppAsync(app, Cancelled);

        Assert.Equal(PostgresErrorCodes.ObjectNotInPrerequisiteState, down.SqlState);
        Assert.False(await ExistsAsync("pg_database WHERE datname", app));
        Assert.False(await ExistsAsync("pg_roles WHERE rolname", app));
        Assert.False(await ExistsAsync("pg_roles WHERE rolname", role));
    }

    [Fact]
    public async Task A_database_that_is_down_refuses_and_comes_back_with_its_data_and_a_lost_one_does_not()
    {
        var app = Simulators.NewAppName();
        await simulators.StartDatabaseAsync(app, Simulators.NewOwner(), Password);
        await using var open = await Simulators.ConnectAsync(app, app, Password);
        await ExecuteAsync(open, "CREATE TABLE kept (id int)");

        await PostAsync($"/databases/{app}/down");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ScalarAsync(open, "SELECT 1"));
        await Assert.ThrowsAsync<PostgresException>(() => Simulators.ConnectAsync(app, app, Password));
        await PostAsync($"/databases/{app}/up");
        await using (var again = await Simulators.ConnectAsync(app, app, Password))
        {
            Assert.Equal(0L, await ScalarAsync(again, "SELECT count(*) FROM kept"));
        }

        await PostAsync($"/databases/{app}/lose");
        var lost = await Assert.ThrowsAsync<PostgresException>(() => Simulators.ConnectAsync(app, app, Password));

        Assert.Equal(PostgresErrorCodes.InvalidCatalogName, lost.SqlState);
    }

    [Fact]
    public async Task A_restart_of_the_simulators_keeps_everything_and_finishes_what_was_under_way()
    {
        var app = Simulators.NewAppName();
        await simulators.RestartAsync(new SimulatorsOptions { StateMs = 60_000 });
        await simulators.Client<FlyApps>().EnsureAppAsync(app, app, Cancelled);
        var machine = await simulators.Client<FlyMachines>().EnsureMachineAsync(
            app,
            new FlyMachineRequest("app-1", "fra", new FlyMachineConfig { Image = "registry.fly.io/webhost-app:1" }),
            Simulators.NewOwner(),
            Cancelled);

        await simulators.RestartAsync();
        await simulators.Client<FlyMachines>().WaitStartedAsync(app, machine, TimeSpan.FromSeconds(30), Cancelled);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancelled);
    }

    private static async Task<bool> ExistsAsync(string where, string name)
    {
        await using var connection = new NpgsqlConnection(Testing.TestDatabase.ServerConnectionString);
        await connection.OpenAsync(Cancelled);
        return (bool)(await ScalarAsync(connection, $"SELECT EXISTS (SELECT FROM {where} = '{name}')"))!;
    }

    private async Task PostAsync(string path)
    {
        using var answer = await simulators.Http.PostAsync(new Uri(path, UriKind.Relative), null, Cancelled);
        answer.EnsureSuccessStatusCode();
    }
}
