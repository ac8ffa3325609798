namespace Microsoft.DurableTask;

/// <summary>An activity: the only place where an orchestration touches the world. Runs at least once.</summary>
public abstract class TaskActivity<TInput, TOutput> : ITaskActivity
{
    Type ITaskActivity.InputType => typeof(TInput);

    Type ITaskActivity.OutputType => typeof(TOutput);

    async Task<object?> ITaskActivity.RunAsync(TaskActivityContext context, object? input) =>
        await RunAsync(context, (TInput)(input ?? default(TInput))!);

    public abstract Task<TOutput> RunAsync(TaskActivityContext context, TInput input);
}
