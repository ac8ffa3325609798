using Microsoft.Azure.Functions.Worker.Middleware;

namespace WebHost.Local.Functions;

/// <summary>The application's middleware in the order of its registration, and the function in the middle.</summary>
internal sealed class FunctionPipeline(FunctionExecutionDelegate run)
{
    internal static FunctionPipeline Build(
        IEnumerable<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware) =>
        new(middleware.Reverse().Aggregate<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>, FunctionExecutionDelegate>(
            async context =>
            {
                var invocation = (LocalFunctionContext)context;
                invocation.Result = await invocation.Function.Invoke(invocation);
            },
            (next, wrap) => wrap(next)));

    internal Task RunAsync(LocalFunctionContext context) => run(context);
}
