using Microsoft.DurableTask;

namespace WebHost.Local.Functions;

/// <summary>Runs an activity function.</summary>
internal sealed class ActivityFunction(LocalFunction function, IServiceProvider services, FunctionPipeline pipeline)
    : ITaskActivity
{
    public Type InputType => function.TriggerParameter.ParameterType;

    public Type OutputType => FunctionMethodCompiler.ResultType(function.Method);

    public async Task<object?> RunAsync(TaskActivityContext context, object? input)
    {
        // Not cancelled by a stopping host: the cancellation would go down in history as the activity's failure, whereas an
        // activity whose process is gone is simply given to another.
        var invocation = new LocalFunctionContext(function, services, input, CancellationToken.None);
        await pipeline.RunAsync(invocation);
        return invocation.Result;
    }
}
