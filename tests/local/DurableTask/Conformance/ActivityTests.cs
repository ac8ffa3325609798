using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace WebHost.Local.DurableTask.Tests.Conformance;

public abstract class ActivityTests(HubFixture hubs, bool replayed)
{
    [Fact]
    public async Task Activity_gets_its_input_and_answers()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc<Order, Receipt>("Buy", (context, order) => context.CallActivityAsync<Receipt>("Price", order))
                .AddActivityFunc<Order, Receipt>("Price", (_, order) => new Receipt(order.Items.Sum(item => item.Length), order.At)),
            replayed);

        var order = new Order(["a", "bcd"], new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        var end = await hub.RunAsync("Buy", order);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
        Assert.Equal(new Receipt(4, order.At), end.ReadOutputAs<Receipt>());
        Assert.Equal(order.Items, end.ReadInputAs<Order>()!.Items);
    }

    [Fact]
    public async Task Activity_without_a_result_answers_the_default()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Ask", async context => $"{await context.CallActivityAsync<string?>("Nothing") ?? "null"}")
                .AddActivityFunc("Nothing", _ => Task.CompletedTask),
            replayed);

        Assert.Equal("null", (await hub.RunAsync("Ask")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Names_of_tasks_are_found_in_any_case()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Outer", context => context.CallActivityAsync<int>("INNER"))
                .AddActivityFunc<object?, int>("Inner", (_, _) => 7),
            replayed);

        Assert.Equal(7, (await hub.RunAsync("outer")).ReadOutputAs<int>());
    }

    [Fact]
    public async Task Hundreds_of_activities_in_parallel_answer_in_the_order_of_their_calls()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc<int, int[]>("FanOut", (context, count) => Task.WhenAll(
                    Enumerable.Range(0, count).Select(i => context.CallActivityAsync<int>("Square", i))))
                .AddActivityFunc<int, int>("Square", async (_, value) =>
                {
                    await Task.Yield();
                    return value * value;
                }),
            replayed);

        var end = await hub.RunAsync("FanOut", 400);

        Assert.Equal(Enumerable.Range(0, 400).Select(i => i * i), end.ReadOutputAs<int[]>());
    }

    [Fact]
    public async Task Payloads_of_megabytes_pass_through_unchanged()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc<string, string>("Relay", async (context, text) =>
                    await context.CallActivityAsync<string>("Reverse", await context.CallActivityAsync<string>("Reverse", text)))
                .AddActivityFunc<string, string>("Reverse", (_, text) => new string([.. text.Reverse()])),
            replayed);

        var text = string.Concat(Enumerable.Repeat("\"Größe\\ \n\t0123456789 ", 60_000));
        var end = await hub.RunAsync("Relay", text);

        Assert.True(end.ReadOutputAs<string>() == text);
    }

    [Fact]
    public async Task Failure_arrives_with_type_message_and_causes()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Try", async context =>
                {
                    try
                    {
                        await context.CallActivityAsync("Fail");
                        return ["no failure"];
                    }
                    catch (TaskFailedException failed)
                    {
                        var details = failed.FailureDetails;
                        return new[]
                        {
                            failed.TaskName,
                            details.ErrorType,
                            details.ErrorMessage,
                            details.InnerFailure!.ErrorType,
                            details.InnerFailure.ErrorMessage,
                            details.IsCausedBy<ArgumentException>().ToString(),
                            details.IsCausedBy<IOException>().ToString(),
                        };
                    }
                })
                .AddActivityFunc("Fail", _ => throw new ArgumentOutOfRangeException("bad", new PrivateException("the cause"))),
            replayed);

        Assert.Equal(
            ["Fail", "System.ArgumentOutOfRangeException", "bad", typeof(PrivateException).FullName!, "the cause", "True", "False"],
            (await hub.RunAsync("Try")).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Failure_that_nobody_catches_fails_the_orchestration()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry
                .AddOrchestratorFunc("Try", context => context.CallActivityAsync("Fail"))
                .AddActivityFunc("Fail", _ => throw new PrivateException("broken")),
            replayed);

        var end = await hub.RunAsync("Try");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal(typeof(TaskFailedException).FullName, end.FailureDetails!.ErrorType);
        Assert.Equal("Task 'Fail' (#0) failed with an unhandled exception: broken", end.FailureDetails.ErrorMessage);
        Assert.Equal(typeof(PrivateException).FullName, end.FailureDetails.InnerFailure!.ErrorType);
    }

    [Fact]
    public async Task Activity_that_nobody_registered_fails_without_retries()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry.AddOrchestratorFunc("Try", context => context.CallActivityAsync(
                "Nowhere", new TaskOptions(new RetryPolicy(100, TimeSpan.FromHours(1))))),
            replayed);

        var end = await hub.RunAsync("Try");

        Assert.Equal("ActivityTaskNotFound", end.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Contains("Nowhere", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_given_as_input_are_refused()
    {
        await using var hub = await hubs.StartAsync(
            registry => registry.AddOrchestratorFunc(
                "Try", context => context.CallActivityAsync<int>("Any", (object)new TaskOptions())),
            replayed);

        Assert.Equal(typeof(ArgumentException).FullName, (await hub.RunAsync("Try")).FailureDetails!.ErrorType);
    }

    public sealed class InMemory(HubFixture hubs) : ActivityTests(hubs, replayed: false);

    public sealed class Replayed(HubFixture hubs) : ActivityTests(hubs, replayed: true);

    public sealed record Order(string[] Items, DateTime At);

    public sealed record Receipt(int Price, DateTime At);

    public sealed class PrivateException(string message) : Exception(message);
}
