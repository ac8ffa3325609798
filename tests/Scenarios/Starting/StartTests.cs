using System.Globalization;
using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Starting;

public sealed class StartTests : Scenario
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    // Settings that have a default, or are needed only beside another one.
    private static readonly string[] Optional =
    [
        "FUNCTIONS_WORKER_RUNTIME", "Operators__Jwt", "Operations__", "Servers__", "Migrations__", "Failovers__", "Backups__", "Journal__",
        "Providers__RequestTimeout", "Providers__Redis",
        "Providers__Upstash__",
    ];

    [Fact]
    public async Task Host_without_settings_names_every_one_that_is_missing_and_ends()
    {
        await using var host = ChildProcess.Start(
            BuiltPrograms.Host, ["--port", Ports.Free().ToString(CultureInfo.InvariantCulture)], new Dictionary<string, string>());

        Assert.NotEqual(0, await host.WaitForExitAsync(Deadline));

        var output = host.Output();
        Assert.All(
            SampleSettings().Keys.Where(name => !Array.Exists(Optional, name.StartsWith)),
            setting => Assert.Contains(setting, output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_with_malformed_settings_names_each_and_shows_no_secret()
    {
        const string Secret = "too-secret-to-be-shown";
        var settings = SampleSettings();
        settings["ControlDatabase"] = $"Password={Secret};nonsense";
        settings["Security__MasterKeys"] = $"local:{Secret}";
        settings["Operators__Keys"] = "short";
        settings["Tenants__Domain"] = "no domain";
        settings["Operations__StepAttempts"] = "many";
        settings["Providers__Fly__BaseAddress"] = "http://fly.example.com";
        await using var host = ChildProcess.Start(
            BuiltPrograms.Host, ["--port", Ports.Free().ToString(CultureInfo.InvariantCulture)], settings);

        Assert.NotEqual(0, await host.WaitForExitAsync(Deadline));

        var output = host.Output();
        string[] wrong =
            ["ControlDatabase", "Security__MasterKeys", "Operators__Keys", "Tenants__Domain", "Operations__StepAttempts", "Providers__Fly__BaseAddress"];
        Assert.All(wrong, setting => Assert.Contains(setting, output, StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_of_a_well_application_shows_every_part_well()
    {
        await StartAsync("well", new AppOptions { Servers = [] });

        var health = (await App.Anybody.GetAsync("api/health")).Expect(HttpStatusCode.OK).Json;

        Assert.True(health.GetProperty("healthy").GetBoolean());
        Assert.Equal(["blobStorage", "controlDatabase", "queue"], Parts(health).Select(part => part.Name).Order());
        Assert.All(Parts(health), part => Assert.True(part.Value.GetProperty("healthy").GetBoolean()));
    }

    [Fact]
    public async Task Health_names_the_blob_storage_when_nobody_is_at_its_address()
    {
        var nobody = $"http://127.0.0.1:{Ports.Free().ToString(CultureInfo.InvariantCulture)}/devstoreaccount1";
        var key = Convert.ToBase64String(new byte[64]);
        await StartAsync("noblobs", new AppOptions
        {
            StartsWell = false,
            Settings = new Dictionary<string, string>
            {
                ["AzureWebJobsStorage"] = $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={nobody};",
            },
        });

        var answer = await App.Anybody.GetAsync("api/health");

        var health = answer.Expect(HttpStatusCode.ServiceUnavailable).Json;
        Assert.Equal(
            ["blobStorage"],
            Parts(health).Where(part => !part.Value.GetProperty("healthy").GetBoolean()).Select(part => part.Name));
        Assert.DoesNotContain(key, answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_names_the_control_database_while_it_refuses_connections_and_recovers_with_it()
    {
        await StartAsync("nocontrol", new AppOptions { Servers = [] });
        var name = new Npgsql.NpgsqlConnectionStringBuilder(App.ControlDatabase).Database;

        await TestDatabase.ExecuteOnServerAsync($"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
        await TestDatabase.ExecuteOnServerAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        var unwell = await Eventually.GetAsync(async () =>
            await App.Anybody.GetAsync("api/health") is { Status: HttpStatusCode.ServiceUnavailable } answer ? answer : null);
        Assert.False(unwell.Json.GetProperty("parts").GetProperty("controlDatabase").GetProperty("healthy").GetBoolean());
        (await App.Operator.GetAsync("api/tenants")).ExpectProblem(HttpStatusCode.ServiceUnavailable);

        await TestDatabase.ExecuteOnServerAsync($"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true");
        await Eventually.IsTrueAsync(async () => (await App.Anybody.GetAsync("api/health")).Status == HttpStatusCode.OK);
    }

    private static List<JsonProperty> Parts(JsonElement health) => [.. health.GetProperty("parts").EnumerateObject()];

    private static Dictionary<string, string> SampleSettings()
    {
        using var sample = JsonDocument.Parse(File.ReadAllBytes(BuiltPrograms.Settings));
        return sample.RootElement.GetProperty("Values").EnumerateObject()
            .ToDictionary(setting => setting.Name, setting => setting.Value.GetString()!);
    }
}
