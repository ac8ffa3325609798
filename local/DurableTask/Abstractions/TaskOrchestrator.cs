namespace Microsoft.DurableTask;

/// <summary>An orchestrator: deterministic code that is replayed from its history.</summary>
public abstract class TaskOrchestrator<TInput, TOutput> : ITaskOrchestrator
{
    Type ITaskOrchestrator.InputType => typeof(TInput);

    Type ITaskOrchestrator.OutputType => typeof(TOutput);

    async Task<object?> ITaskOrchestrator.RunAsync(TaskOrchestrationContext context, object? input) =>
        await RunAsync(context, (TInput)(input ?? default(TInput))!);

    public abstract Task<TOutput> RunAsync(TaskOrchestrationContext context, TInput input);
}
