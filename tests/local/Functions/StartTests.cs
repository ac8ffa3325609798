using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace WebHost.Local.Functions.Tests;

public sealed class StartTests
{
    [Fact]
    public async Task A_start_reports_every_fault_of_every_function_at_once()
    {
        var exception = await Assert.ThrowsAsync<LocalStartException>(() => TestApplication.StartAsync(
            [typeof(FaultyFunctions)], new() { ["Present"] = "Host=nowhere" }, configure: _ => { }));

        var faults = exception.Message.Split(Environment.NewLine)[1..];
        Assert.Collection(
            faults.Select(fault => fault.Replace($"({typeof(FaultyFunctions).FullName}.", "(", StringComparison.Ordinal)),
            fault => Assert.StartsWith("  - 'Keyed' (Keyed): it asks for the key level Function. This host knows no keys", fault, StringComparison.Ordinal),
            fault => Assert.Equal("  - 'Plain' (Plain): it returns String; only an IActionResult or an IResult reaches the caller.", fault),
            fault => Assert.StartsWith("  - 'BadRoute' (BadRoute): its route 'api/a/{b' is not valid:", fault, StringComparison.Ordinal),
            fault => Assert.Equal("  - 'Unbound' (Unbound): nothing binds the parameter 'b' of type String.", fault),
            fault => Assert.Equal("  - 'NoTrigger' (NoTrigger): it has 0 trigger parameters instead of one.", fault),
            fault => Assert.Equal("  - 'FiveFields' (FiveFields): its schedule '* * * * *' is not an NCRONTAB expression of six fields.", fault),
            fault => Assert.Equal("  - 'NoSettings' (NoSettings): the setting AbsentQueue is missing, which '%AbsentQueue%' names.", fault),
            fault => Assert.Equal("  - 'NoSettings' (NoSettings): the setting AbsentConnection is missing: the connection string of its queue.", fault),
            fault => Assert.Equal("  - 'NotBatched' (NotBatched): its trigger parameter 'messages' is a ServiceBusReceivedMessage[]; it must be a ServiceBusReceivedMessage.", fault),
            fault => Assert.Equal("  - 'Peeking' (Peeking): an orchestrator may not use the durable client; only its context is replayed.", fault),
            fault => Assert.Equal("  - 'Hidden' (Hidden): its method or class is not public.", fault),
            fault => Assert.Equal(
                $"  - 'twice' is the name of {typeof(FaultyFunctions).FullName}.First and of {typeof(FaultyFunctions).FullName}.Second.",
                fault.Replace("(", $"({typeof(FaultyFunctions).FullName}.", StringComparison.Ordinal)),
            fault => Assert.Equal("  - 'SameA' and 'SameB' have the same route 'api/Same/{b}' and method.", fault),
            fault => Assert.Equal("  - There are HTTP functions, but Program.cs does not call ConfigureFunctionsWebApplication().", fault),
            fault => Assert.StartsWith("  - The setting LocalHost__Database is missing", fault, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Settings_come_from_local_settings_json_unless_the_environment_has_them()
    {
        var variable = $"WEBHOST_TEST_{Guid.NewGuid():n}";
        Environment.SetEnvironmentVariable(variable, "from the environment");
        try
        {
            await using var application = await TestApplication.StartAsync(
                [typeof(HttpTestFunctions)],
                configure: builder =>
                {
                    builder.Services.AddScoped<ScopedThing>();
                    builder.ConfigureFunctionsWebApplication();
                },
                localSettings: $$"""
                { "IsEncrypted": false, "Values": { "Greeting": "from the file", "Section__Key": "nested", "{{variable}}": "from the file" } }
                """);
            var configuration = application.Services.GetRequiredService<IConfiguration>();

            Assert.Equal("from the file", configuration["Greeting"]);
            Assert.Equal("nested", configuration["Section:Key"]);
            Assert.Equal("from the environment", configuration[variable]);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    [Fact]
    public async Task A_start_and_a_stop_are_one_line_each()
    {
        var application = await TestApplication.StartAsync([typeof(HttpTestFunctions)]);
        var recorder = application.Recorder;

        await application.StopAsync();

        Assert.Collection(
            recorder.Logs,
            log => Assert.Matches(
                @"^Information: Listening on http://127\.0\.0\.1:\d+/ \(10 HTTP, 0 timer, 0 queue, 0 orchestrator, 0 activity functions\)$",
                log),
            log => Assert.Equal("Information: Stopped", log));
        await application.DisposeAsync();
    }
}
