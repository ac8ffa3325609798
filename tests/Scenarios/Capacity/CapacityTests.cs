using System.Globalization;
using System.Net;
using System.Text.Json;
using Npgsql;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Capacity;

public sealed class CapacityTests : Scenario
{
    [Fact]
    public async Task Hundred_signups_at_once_over_two_servers_are_all_active_and_nothing_exists_twice()
    {
        await StartAsync("hundred", new AppOptions { Servers = [60, 60] });

        var signups = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => App.SignUpAsync(SignupData.Hobby)));
        await WaitForCountAsync("active", 100);

        Assert.Equal(100, signups.Select(signup => signup.TenantId).Distinct().Count());
        var homes = await HomesAsync();
        Assert.Equal(100, homes.Count);
        Assert.Equal(100, homes.Select(home => (home.Server, home.Slot)).Distinct().Count());
        Assert.Equal([40, 60], homes.GroupBy(home => home.Server).Select(group => group.Count()).Order());
        var records = (await App.Simulators.GetResourcesAsync()).Where(resource => resource.Kind == "record").ToList();
        Assert.Equal(100, records.Select(record => record.Name).Distinct().Count());
        Assert.Equal(100, records.Count);
        Assert.Equal(100, await CountServedCustomersAsync());
    }

    [Fact]
    public async Task Tenants_beyond_the_last_slot_wait_and_move_in_oldest_first_when_a_server_is_added()
    {
        await StartAsync("full", new AppOptions { Servers = [3, 2] });

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => App.SignUpAsync(SignupData.Hobby)));
        await WaitForCountAsync("active", 5);
        var waiting = await WaitForCountAsync("waiting-for-capacity", 3);

        Assert.Equal([2, 3], (await HomesAsync()).GroupBy(home => home.Server).Select(group => group.Count()).Order());
        Assert.Single(await ListAsync("api/alerts"), alert => alert.Text("kind") == "servers-full");
        var order = Assert.Single(await ListAsync("api/servers/orders"));
        Assert.Equal("AX52", order.Text("product"));
        Assert.Equal("awaiting-approval", order.Text("state"));
        var operation = Assert.Single(await ListAsync($"api/operations?tenantId={waiting[0]}"));
        Assert.Equal("waiting", operation.Text("state"));

        await App.RegisterServerAsync(1);
        await WaitForCountAsync("active", 6);
        await WaitForCountAsync("waiting-for-capacity", 2);
        Assert.Equal("active", (await App.GetTenantAsync(waiting[0])).Text("state"));

        await App.RegisterServerAsync(150);
        await WaitForCountAsync("active", 8);
        Assert.DoesNotContain(await ListAsync("api/alerts"), alert => alert.Text("kind") == "servers-full");
        var homes = await HomesAsync();
        Assert.Equal([1, 2, 2, 3], homes.GroupBy(home => home.Server).Select(group => group.Count()).Order());
    }

    [Fact]
    public async Task Server_of_more_than_150_slots_is_refused()
    {
        await StartAsync("limit", new AppOptions { Servers = [] });

        var answer = await App.Operator.PostAsync(
            "api/servers",
            new
            {
                name = "too-large",
                providerServerNumber = 1,
                region = "fsn1",
                address = "192.0.2.1",
                capacity = 151,
                database = new { host = "127.0.0.1", port = 5432, name = "d", user = "u", password = "p" },
            });

        var errors = answer.ExpectProblem(HttpStatusCode.UnprocessableEntity).GetProperty("errors");
        Assert.Equal(["capacity"], errors.EnumerateObject().Select(error => error.Name));
    }

    /// <summary>Waits for so many tenants in that state; their ids, oldest first.</summary>
    private async Task<List<Guid>> WaitForCountAsync(string state, int count)
    {
        var tenants = await Eventually.GetAsync(
            async () => await ListAsync($"api/tenants?state={state}&limit=500") is var found && found.Count == count ? found : null,
            SignupCalls.Patience,
            $"{count} tenants {state}");
        return [.. tenants.OrderBy(tenant => tenant.GetProperty("createdAt").GetDateTimeOffset()).Select(tenant => tenant.GetProperty("id").GetGuid())];
    }

    private async Task<List<JsonElement>> ListAsync(string path) =>
        [.. (await App.Operator.GetAsync(path)).Expect(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()];

    private async Task<List<(string Server, int Slot)>> HomesAsync()
    {
        await using var control = NpgsqlDataSource.Create(App.ControlDatabase);
        var rows = await control.ListAsync<string>(
            "SELECT s.name || ' ' || l.slot FROM server_slots l JOIN servers s ON s.id = l.server_id WHERE l.tenant_id IS NOT NULL");
        return [.. rows.Select(row => row.Split(' ')).Select(parts => (parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture)))];
    }

    /// <summary>Customers that the servers' databases serve, each by a role of its own.</summary>
    private async Task<long> CountServedCustomersAsync()
    {
        await using var control = NpgsqlDataSource.Create(App.ControlDatabase);
        var served = 0L;
        foreach (var name in await control.ListAsync<string>("SELECT d.name FROM databases d"))
        {
            await using var database = LocalApp.OpenTenantDatabase(name);
            served += await database.ScalarAsync<long>(
                "SELECT count(DISTINCT c.role_name) FROM fleet.customers c JOIN pg_roles r ON r.rolname = c.role_name WHERE c.writable");
        }

        return served;
    }
}
