using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Data;
using WebHost.Functions.Tests.Hosting;
using WebHost.Placement;
using WebHost.Testing;

namespace WebHost.Functions.Tests.Servers;

public sealed class ServerRegistrationTests(ApplicationUnderTest application) : IClassFixture<ApplicationUnderTest>
{
    [Fact]
    public async Task A_server_is_registered_once_and_answered_as_it_is_when_that_is_repeated()
    {
        var server = await NewServerAsync();

        var (created, first) = await RegisterAsync(server);
        var (repeated, second) = await RegisterAsync(server);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (created, repeated));
        Assert.Equal(first.ToJsonString(), second.ToJsonString());
    }

    [Fact]
    public async Task The_database_of_a_server_in_service_keeps_its_administrator_and_its_certificate()
    {
        var server = await NewServerAsync();
        await RegisterAsync(server);
        var before = await StoredAsync();

        var other = (await NewServerAsync()).DeepClone();
        other["database"] = server["database"]!.DeepClone();
        other["database"]!["password"] = "another";
        other["database"]!["certificateSha256"] = new string('a', 64);
        var (status, problem) = await RegisterAsync(other);

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains((string)server["name"]!, (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Equal(before, await StoredAsync());
    }

    [Fact]
    public async Task The_report_of_another_server_leaves_the_database_of_a_server_in_service_alone()
    {
        var server = await NewServerAsync();
        await RegisterAsync(server);
        var at = server["database"]!;

        await Assert.ThrowsAsync<ServerTakenException>(
            () => application.Services.GetRequiredService<TenantDatabaseStore>().AddAsync(
                (string)at["host"]!, (int)at["port"]!, (string)at["name"]!, "somebody", "Disable", null, default));
    }

    [Fact]
    public async Task A_vendors_number_belongs_to_one_server()
    {
        var server = await NewServerAsync();
        await RegisterAsync(server);
        var before = await StoredAsync();

        var other = await NewServerAsync();
        other["providerServerNumber"] = (long)server["providerServerNumber"]!;
        var (status, _) = await RegisterAsync(other);

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal(before, await StoredAsync());
    }

    [Fact]
    public async Task Of_names_that_are_registered_at_once_with_one_database_one_becomes_a_server()
    {
        var server = await NewServerAsync();
        var servers = Enumerable.Range(0, 4).Select(n =>
        {
            var named = server.DeepClone();
            named["name"] = $"{named["name"]}-{n}";
            named["providerServerNumber"] = (long)named["providerServerNumber"]! + (n * 1_000_000);
            return named;
        });

        var answers = await Task.WhenAll(servers.Select(RegisterAsync));

        Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.Created));
        Assert.Equal(3, answers.Count(answer => answer.Status == HttpStatusCode.Conflict));
    }

    [Theory]
    [InlineData("database.password", "user", "nobody")]
    [InlineData("database.name", "name", "no_such_database")]
    [InlineData("database.host", "port", 1)]
    [InlineData("database.host", "host", "no.such.host.invalid")]
    public async Task What_a_database_says_to_its_administrator_is_answered_and_nothing_is_stored(
        string member, string changed, object value)
    {
        var before = await StoredAsync();
        var server = await NewServerAsync();
        server["database"]![changed] = JsonValue.Create(value);

        var (status, problem) = await RegisterAsync(server);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal([member], problem["errors"]!.AsObject().Select(error => error.Key));
        Assert.Equal(before, await StoredAsync());
    }

    [Theory]
    [InlineData("NOCREATEROLE", true, "may not create roles")]
    [InlineData("CREATEROLE", false, "does not own it")]
    [InlineData("CREATEROLE", true, "may not add PostGIS")]
    public async Task What_a_database_lacks_is_answered_and_nothing_is_stored(string attribute, bool owns, string lacking)
    {
        var before = await StoredAsync();
        var server = await NewServerAsync();
        var name = $"plain_{Guid.NewGuid():n}";
        await TestDatabase.ExecuteOnServerAsync($"CREATE ROLE {name} LOGIN {attribute} PASSWORD 'plain'");
        await TestDatabase.ExecuteOnServerAsync($"CREATE DATABASE {name} TEMPLATE template0 OWNER {(owns ? name : "postgres")}");
        server["database"]!["name"] = name;
        server["database"]!["user"] = name;
        server["database"]!["password"] = "plain";

        var (status, problem) = await RegisterAsync(server);

        await TestDatabase.ExecuteOnServerAsync($"DROP DATABASE {name} WITH (FORCE)");
        await TestDatabase.ExecuteOnServerAsync($"DROP ROLE {name}");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains(lacking, (string?)problem["errors"]!["database"]![0], StringComparison.Ordinal);
        Assert.Equal(before, await StoredAsync());
    }

    private async Task<JsonNode> NewServerAsync()
    {
        using var answer = await application.Simulators.PostAsync("seed/hetzner-server", null);
        var seeded = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return new JsonObject
        {
            ["name"] = $"ax52-{seeded["serverNumber"]}",
            ["providerServerNumber"] = (long)seeded["serverNumber"]!,
            ["region"] = "fsn1",
            ["address"] = (string)seeded["serverIp"]!,
            ["capacity"] = 2,
            ["database"] = seeded["database"]!.DeepClone(),
        };
    }

    private async Task<(HttpStatusCode Status, JsonNode Body)> RegisterAsync(JsonNode server)
    {
        var (status, body) = await application.PostAsync("servers", server);
        return (status, body!);
    }

    // Databases, with the secrets of their roles.
    private async Task<IReadOnlyList<string>> StoredAsync()
    {
        await using var connection = await application.Services.GetRequiredService<ControlDatabase>().OpenAsync();
        return await connection.Sql(
            "SELECT d::text FROM databases d UNION ALL SELECT s::text FROM secrets s ORDER BY 1").ListAsync(row => row.GetString(0));
    }
}
