using System.Net;
using Npgsql;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Problems;
using WebHost.Testing;

namespace WebHost.Scenarios.Isolation;

/// <summary>Two tenants who share a server, and all the ways in which one might get at the other's rows.</summary>
public sealed class IsolationTests(SharedApp shared) : Scenario(shared)
{
    private const string InsufficientPrivilege = PostgresErrorCodes.InsufficientPrivilege;

    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private SignedUp _mine = null!;
    private SignedUp _theirs = null!;
    private Tracker _theirTracker = null!;
    private string _database = "";

    public override async ValueTask InitializeAsync()
    {
        _mine = await App.SignUpToTheEndAsync(SignupData.Hobby);
        _theirs = await App.SignUpToTheEndAsync(SignupData.Hobby);
        _theirTracker = await App.AddDeviceAsync(_theirs.TenantId);
        (await App.PostPointsAsync(_theirTracker, new[] { FleetCalls.Point(Now, 46, 14) })).Expect(HttpStatusCode.OK);
        (await App.PostPointsAsync(await App.AddDeviceAsync(_mine.TenantId), new[] { FleetCalls.Point(Now, 47, 15) })).Expect(HttpStatusCode.OK);
        await App.WaitForTrackAsync(_theirTracker, 1);
        _database = (await App.GetTenantAsync(_mine.TenantId)).GetProperty("infrastructure").Text("database");
        Assert.Equal(_database, (await App.GetTenantAsync(_theirs.TenantId)).GetProperty("infrastructure").Text("database"));
        await Eventually.IsTrueAsync(async () => await AsMineAsync(_mine.TenantId, "SELECT count(*) FROM fleet.points") is 1L);
    }

    [Fact]
    public async Task Key_of_one_tenant_is_403_on_every_call_about_the_other()
    {
        using var mine = App.ForTenant(await App.CreateKeyAsync(_mine.TenantId));
        var calls = (await App.GetCallsAsync()).Where(call => call.IsForTenants).ToList();
        Assert.True(calls.Count > 8, $"Only {calls.Count} calls are for tenants");

        foreach (var call in calls)
        {
            (await mine.SendAsync(call.ToRequest(_theirs.TenantId))).ExpectProblem(HttpStatusCode.Forbidden);
        }

        (await mine.GetAsync($"api/tenants/{_mine.TenantId}/positions")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Revoked_key_opens_nothing()
    {
        var created = (await App.Operator.PostAsync($"api/tenants/{_mine.TenantId}/keys", null)).Expect(HttpStatusCode.Created).Json;
        using var mine = App.ForTenant(created.Text("key"));
        (await mine.GetAsync($"api/tenants/{_mine.TenantId}")).Expect(HttpStatusCode.OK);

        (await mine.DeleteAsync($"api/tenants/{_mine.TenantId}/keys/{created.Text("keyId")}")).Expect(HttpStatusCode.NoContent);

        // Instances remember a key for some seconds.
        var refused = await Eventually.GetAsync(async () =>
            await mine.GetAsync($"api/tenants/{_mine.TenantId}") is { Status: not HttpStatusCode.OK } answer ? answer : null);
        refused.ExpectProblem(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Role_of_one_tenant_sees_nothing_in_the_name_of_the_other_or_of_nobody()
    {
        foreach (var table in (string[])["points", "positions", "devices", "device_vehicles", "vehicles", "heartbeats", "quarantine"])
        {
            Assert.Equal(0L, await AsMineAsync(_theirs.TenantId, $"SELECT count(*) FROM fleet.{table}"));
            Assert.Equal(0L, await AsMineAsync(null, $"SELECT count(*) FROM fleet.{table}"));
            Assert.Equal(
                0L, await AsMineAsync(_mine.TenantId, $"SELECT count(*) FROM fleet.{table} WHERE customer_id = '{_theirs.TenantId}'"));
        }
    }

    [Fact]
    public async Task Role_of_one_tenant_reaches_no_partition_directly()
    {
        await using var administrator = LocalApp.OpenTenantDatabase(_database);
        var partitions = await administrator.ListAsync<string>(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'fleet.points'::regclass");
        Assert.NotEmpty(partitions);

        foreach (var partition in partitions)
        {
            await AssertRefusedAsync(InsufficientPrivilege, $"SELECT count(*) FROM {partition}");
        }
    }

    [Theory]
    [InlineData("SELECT count(*) FROM fleet.customers")]
    [InlineData("UPDATE fleet.customers SET epoch = epoch + 1")]
    [InlineData("INSERT INTO fleet.points SELECT * FROM fleet.points")]
    [InlineData("DELETE FROM fleet.points")]
    [InlineData("SELECT fleet.ingest_points('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')")]
    [InlineData("SELECT fleet.ensure_partition(current_date)")]
    [InlineData("CREATE TABLE fleet.mine (id int)")]
    [InlineData("ALTER TABLE fleet.vehicles DISABLE ROW LEVEL SECURITY")]
    [InlineData("SET row_security = off; SELECT count(*) FROM fleet.vehicles")]
    public async Task Role_of_a_tenant_may_not(string sql) => await AssertRefusedAsync(InsufficientPrivilege, sql);

    [Fact]
    public async Task Role_of_one_tenant_cannot_become_another_role()
    {
        await using var administrator = LocalApp.OpenTenantDatabase(_database);
        var owner = await administrator.ScalarAsync<string>("SELECT tableowner::text FROM pg_tables WHERE tablename = 'customers'");

        foreach (var role in (string[])[$"wh_{_theirs.Short}_e1", owner, $"{_database}_ingest"])
        {
            await AssertRefusedAsync(InsufficientPrivilege, $"SET ROLE \"{role}\"");
            await AssertRefusedAsync(InsufficientPrivilege, $"SET SESSION AUTHORIZATION \"{role}\"");
        }
    }

    [Fact]
    public async Task Role_of_one_tenant_cannot_write_rows_of_the_other()
    {
        var insert = $"INSERT INTO fleet.vehicles (customer_id, vehicle_id, name) VALUES ('{_theirs.TenantId}', 'x', 'x')";

        await AssertRefusedAsync(InsufficientPrivilege, insert, _mine.TenantId);
        await AssertRefusedAsync(InsufficientPrivilege, insert, _theirs.TenantId);
        await AssertRefusedAsync("WH001", $"SELECT fleet.begin_write(1)", _theirs.TenantId);
    }

    [Fact]
    public async Task Write_at_another_epoch_than_the_one_served_is_refused_as_moved()
    {
        await AsMineAsync(_mine.TenantId, "SELECT fleet.begin_write(1)");
        await AssertRefusedAsync("WH001", "SELECT fleet.begin_write(0)", _mine.TenantId);
        await AssertRefusedAsync("WH001", "SELECT fleet.begin_write(2)", _mine.TenantId);
    }

    [Fact]
    public async Task Fenced_tenant_takes_no_writes_and_gets_what_was_posted_meanwhile_afterwards()
    {
        await using var administrator = LocalApp.OpenTenantDatabase(_database);
        await administrator.ExecuteAsync("UPDATE fleet.customers SET writable = false WHERE customer_id = $1", _theirs.TenantId);

        (await App.PostPointsAsync(_theirTracker, new[] { FleetCalls.Point(Now.AddSeconds(1), 46, 14) })).Expect(HttpStatusCode.OK);
        (await App.Operator.PutAsync($"api/tenants/{_theirs.TenantId}/vehicles/van", new { name = "Van" }))
            .ExpectProblem(HttpStatusCode.ServiceUnavailable);
        Assert.Single(await App.ReadTrackAsync(_theirTracker));

        await administrator.ExecuteAsync("UPDATE fleet.customers SET writable = true WHERE customer_id = $1", _theirs.TenantId);
        await App.WaitForTrackAsync(_theirTracker, 2);
    }

    [Theory]
    [InlineData("SELECT count(*) FROM fleet.points")]
    [InlineData("SELECT count(*) FROM fleet.vehicles")]
    [InlineData("SELECT count(*) FROM fleet.customers")]
    [InlineData("INSERT INTO fleet.quarantine SELECT * FROM fleet.quarantine")]
    [InlineData("SELECT fleet.current_customer()")]
    [InlineData("SELECT fleet.begin_write(1)")]
    public async Task Ingesting_role_may_not(string sql)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => AsAsync($"{_database}_ingest", _mine.TenantId, sql));

        Assert.Equal(InsufficientPrivilege, refused.SqlState);
    }

    private async Task AssertRefusedAsync(string sqlState, string sql, Guid? inTheNameOf = null)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => AsMineAsync(inTheNameOf ?? _mine.TenantId, sql));
        Assert.True(refused.SqlState == sqlState, $"{sql}: {refused.SqlState} {refused.MessageText}");
    }

    private Task<object?> AsMineAsync(Guid? inTheNameOf, string sql) => AsAsync($"wh_{_mine.Short}_e1", inTheNameOf, sql);

    /// <summary>Logs in as a role, as the application does.</summary>
    private async Task<object?> AsAsync(string role, Guid? inTheNameOf, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString)
        {
            Database = _database,
            Username = role,
            Password = await App.GetPasswordAsync(_database, role),
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var setting = new NpgsqlCommand("SELECT set_config('webhost.customer_id', $1, true)", connection, transaction)
        {
            Parameters = { new() { Value = inTheNameOf?.ToString() ?? "" } },
        };
        await setting.ExecuteNonQueryAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        return await command.ExecuteScalarAsync(Cancellation);
    }
}
