using Microsoft.DurableTask;

namespace WebHost.Local.Functions;

/// <summary>Runs an orchestrator function; its input is read through the context.</summary>
internal sealed class OrchestratorFunction(LocalFunction function, IServiceProvider services, FunctionPipeline pipeline)
    : ITaskOrchestrator
{
    public Type InputType => typeof(object);

    public Type OutputType => FunctionMethodCompiler.ResultType(function.Method);

    public async Task<object?> RunAsync(TaskOrchestrationContext context, object? input)
    {
        var invocation = new LocalFunctionContext(function, services, context, CancellationToken.None);
        await pipeline.RunAsync(invocation);
        return invocation.Result;
    }
}
