using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace WebHost.Local.Functions;

/// <summary>The application's middleware in the order of its registration, and the function in the middle.</summary>
internal sealed class FunctionPipeline(FunctionExecutionDelegate run)
{
    internal static FunctionPipeline Build(
        IEnumerable<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware) =>
        new(middleware.Reverse().Aggregate((FunctionExecutionDelegate)InvokeAsync, (next, wrap) => wrap(next)));

    internal Task RunAsync(LocalFunctionContext context) => run(context);

    private static Task InvokeAsync(FunctionContext context)
    {
        var invocation = (LocalFunctionContext)context;
        return invocation.Function.Invoke(invocation);
    }
}
