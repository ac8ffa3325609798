using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using WebHost.Local.DurableTask.History;
using WebHost.Testing;

namespace WebHost.Local.DurableTask.Tests.Engine;

public sealed class RecordedHistoryTests(HubFixture hubs)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task History_replays_against_the_code_that_made_it(bool isFinished)
    {
        await using var hub = await hubs.StartAsync(registry => Register(registry, "One", 1));

        var history = await RecordAsync(hub, isFinished);

        RecordedHistory.Replay(history, Register(new(), "One", 1), hub.Services);
    }

    [Fact]
    public async Task Change_that_asks_for_something_else_is_caught()
    {
        await using var hub = await hubs.StartAsync(registry => Register(registry, "One", 1));
        var history = await RecordAsync(hub, isFinished: false);

        var caught = Assert.Throws<NonDeterministicOrchestrationException>(
            () => RecordedHistory.Replay(history, Register(new(), "Two", 1), hub.Services));

        Assert.Contains("'One'", caught.Message, StringComparison.Ordinal);
        Assert.Contains("'Two'", caught.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Change_that_ends_otherwise_is_caught()
    {
        await using var hub = await hubs.StartAsync(registry => Register(registry, "One", 1));
        var history = await RecordAsync(hub, isFinished: true);

        Assert.Throws<NonDeterministicOrchestrationException>(
            () => RecordedHistory.Replay(history, Register(new(), "One", 2), hub.Services));
    }

    [Fact]
    public async Task Orchestrator_that_is_gone_is_caught()
    {
        await using var hub = await hubs.StartAsync(registry => Register(registry, "One", 1));
        var history = await RecordAsync(hub, isFinished: true);

        Assert.Throws<NonDeterministicOrchestrationException>(
            () => RecordedHistory.Replay(history, new DurableTaskRegistry(), hub.Services));
    }

    private async Task<string> RecordAsync(TestHub hub, bool isFinished)
    {
        var id = await hub.StartAsync("Story", 10);
        if (isFinished)
        {
            await hub.Client.RaiseEventAsync(id, "go", "");
            await hub.EndOfAsync(id);
        }
        else
        {
            await Eventually.IsTrueAsync(async () => (await hub.StateOfAsync(id)).SerializedCustomStatus is not null);
        }

        return await RecordedHistory.ExportAsync(hubs.ConnectionString, hub.Name, id);
    }

    private static DurableTaskRegistry Register(DurableTaskRegistry registry, string activity, int factor) => registry
        .AddOrchestratorFunc<int, int>("Story", async (context, input) =>
        {
            var answer = await context.CallActivityAsync<int>(activity, input);
            context.SetCustomStatus("asked");
            await context.WaitForExternalEvent<string>("go", TimeSpan.FromDays(1));
            return factor * answer;
        })
        .AddActivityFunc<int, int>("One", (_, input) => input + 1);
}
