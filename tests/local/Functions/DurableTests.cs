using System.Net;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using WebHost.Testing;

namespace WebHost.Local.Functions.Tests;

public sealed class DurableTests : IAsyncLifetime
{
    private TestDatabase? _database;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync("durablefunctions");

    public ValueTask DisposeAsync() => _database!.DisposeAsync();

    [Fact]
    public async Task An_orchestrator_started_over_http_runs_its_activities_with_their_inputs_and_failures()
    {
        await using var application = await StartAsync();

        var response = await application.Client.PostAsync("api/orders/o-1", null, Cancel);
        var client = application.Services.GetRequiredService<DurableTaskClient>();
        var done = await client.WaitForInstanceCompletionAsync("o-1", getInputsAndOutputs: true, Cancel);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, done.RuntimeStatus);
        Assert.Equal("o-1 costs 3.0, System.NotSupportedException: o-1 is refused", done.ReadOutputAs<string>());
    }

    [Fact]
    public async Task Each_activity_has_a_scope_of_its_own_and_passes_the_middleware()
    {
        await using var application = await StartAsync();

        await application.Client.PostAsync("api/orders/o-2", null, Cancel);
        await application.Services.GetRequiredService<DurableTaskClient>().WaitForInstanceCompletionAsync("o-2", Cancel);

        var scopes = application.Recorder.Events
            .Where(entry => entry.Contains(" in scope ", StringComparison.Ordinal))
            .Select(entry => entry.Split(' ')[^1])
            .ToArray();
        Assert.Equal(2, scopes.Distinct().Count());
        foreach (var scope in scopes)
        {
            await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count($"disposed {scope}") == 1));
        }

        Assert.Equal(1, application.Recorder.Count("inside Price False"));
        Assert.True(application.Recorder.Count("inside Order False") >= 1);
    }

    [Fact]
    public async Task The_hub_of_host_json_keeps_orchestrations_apart()
    {
        await using var one = await StartAsync("HubOne");
        await using var two = await StartAsync("HubTwo");

        await one.Client.PostAsync("api/orders/o-3", null, Cancel);
        await one.Services.GetRequiredService<DurableTaskClient>().WaitForInstanceCompletionAsync("o-3", Cancel);

        Assert.Null(await two.Services.GetRequiredService<DurableTaskClient>().GetInstanceAsync("o-3", Cancel));
    }

    [Fact]
    public async Task Inputs_are_read_and_written_as_the_functions_worker_does()
    {
        await using var application = await StartAsync();
        var client = application.Services.GetRequiredService<DurableTaskClient>();

        await client.ScheduleNewOrchestrationInstanceAsync(
            "Order", new { id = "o-4", QUANTITY = 4 }, new StartOrchestrationOptions("o-4"), Cancel);
        var named = await client.WaitForInstanceCompletionAsync("o-4", getInputsAndOutputs: true, Cancel);
        await client.ScheduleNewOrchestrationInstanceAsync(
            "Order", (Id: "o-5", Quantity: 5), new StartOrchestrationOptions("o-5"), Cancel);
        var fields = await client.WaitForInstanceCompletionAsync("o-5", getInputsAndOutputs: true, Cancel);

        Assert.StartsWith("o-4 costs 6.0", named.ReadOutputAs<string>(), StringComparison.Ordinal);
        Assert.Equal("{}", fields.SerializedInput);
    }

    private Task<TestApplication> StartAsync(string hub = "Hub") =>
        TestApplication.StartAsync(
            [typeof(DurableTestFunctions)],
            new()
            {
                ["LocalHost:Database"] =
                    new NpgsqlConnectionStringBuilder(_database!.ConnectionString) { MaxPoolSize = 20 }.ConnectionString,
            },
            builder =>
            {
                builder.ConfigureFunctionsWebApplication().UseMiddleware<ProblemMiddleware>();
                builder.Services.AddScoped<ScopedThing>();
            },
            $$"""{ "extensions": { "durableTask": { "hubName": "{{hub}}" } } }""");
}
