using System.Collections.Concurrent;
using Microsoft.DurableTask;

namespace WebHost.Local.DurableTask.Tests.Fuzz;

/// <summary>Runs random orchestrations on the engine.</summary>
internal sealed class RandomOrchestrator
{
    private readonly ConcurrentDictionary<string, int> _attempts = new();

    public void Register(DurableTaskRegistry registry) => registry
        .AddOrchestratorFunc<Op, string>("Random", RunAsync)
        .AddOrchestratorFunc<Op, string>("Failing", async (context, op) =>
        {
            await RunAllAsync(context, op);
            throw new InvalidOperationException($"sub failed {op.Value}");
        })
        .AddActivityFunc<int, int>("Echo", (_, value) => value)
        .AddActivityFunc<int, int>("Fail", (_, value) => Throw($"failed {value}"))
        .AddActivityFunc<Op, string>("Retry", (context, op) =>
        {
            var failures = _attempts.AddOrUpdate($"{context.InstanceId}/{op.Id}", 0, (_, before) => before + 1);
            return failures < op.Value ? throw new IOException("again") : $"after {failures}";
        });

    private static async Task<string> RunAsync(TaskOrchestrationContext context, Op op)
    {
        switch (op.Kind)
        {
            case OpKind.Echo:
                return $"{await context.CallActivityAsync<int>("Echo", op.Value)}";
            case OpKind.Fail:
                return await CaughtAsync(context.CallActivityAsync<int>("Fail", op.Value));
            case OpKind.Retry:
                try
                {
                    return await context.CallActivityAsync<string>(
                        "Retry", op, new TaskOptions(new RetryPolicy(3, TimeSpan.FromMilliseconds(5))));
                }
                catch (TaskFailedException)
                {
                    return "gave up";
                }

            case OpKind.Timer:
                await context.CreateTimer(TimeSpan.FromMilliseconds(op.Value), CancellationToken.None);
                return "time";
            case OpKind.Event:
                return $"{await context.WaitForExternalEvent<int>($"event {op.Id}")}";
            case OpKind.LateEvent:
                try
                {
                    return await context.WaitForExternalEvent<string>($"never {op.Id}", TimeSpan.FromMilliseconds(op.Value));
                }
                catch (TaskCanceledException)
                {
                    return "late";
                }

            case OpKind.Race:
                return await RaceAsync(context, op.Value);
            case OpKind.Sequence:
                return $"[{await RunAllAsync(context, op)}]";
            case OpKind.Parallel:
                return $"({string.Join(' ', await Task.WhenAll(op.Parts.Select(part => RunAsync(context, part))))})";
            case OpKind.Sub:
                var inner = await context.CallSubOrchestratorAsync<string>(
                    "Random",
                    new Op(OpKind.Sequence, op.Id, 0, op.Parts),
                    new SubOrchestrationOptions(instanceId: $"{context.InstanceId}.{op.Id}"));
                return $"<{inner[1..^1]}>";
            case OpKind.FailingSub:
                return await CaughtAsync(context.CallSubOrchestratorAsync<int>("Failing", op with { Parts = [] }));
            default:
                throw new InvalidOperationException($"{op.Kind} cannot be run.");
        }
    }

    private static async Task<string> RunAllAsync(TaskOrchestrationContext context, Op op)
    {
        var answers = new List<string>();
        foreach (var part in op.Parts)
        {
            answers.Add(await RunAsync(context, part));
        }

        return string.Join(' ', answers);
    }

    private static async Task<string> RaceAsync(TaskOrchestrationContext context, int value)
    {
        using var stop = new CancellationTokenSource();
        var late = context.CreateTimer(TimeSpan.FromDays(1), stop.Token);
        var work = context.CallActivityAsync<int>("Echo", value);
        var winner = await Task.WhenAny(late, work);
        stop.Cancel();
        return winner == work ? $"won {await work}" : "lost";
    }

    private static async Task<string> CaughtAsync(Task<int> task)
    {
        try
        {
            return $"{await task}";
        }
        catch (TaskFailedException failed)
        {
            return failed.FailureDetails.ErrorMessage;
        }
    }

    private static int Throw(string message) => throw new InvalidOperationException(message);
}
