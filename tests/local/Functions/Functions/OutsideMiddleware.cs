using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace WebHost.Local.Functions.Tests;

/// <summary>Is registered before the ASP.NET Core integration.</summary>
internal sealed class OutsideMiddleware(Recorder recorder) : IFunctionsWorkerMiddleware
{
    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        recorder.Add($"outside {context.FunctionDefinition.Name} {context.GetHttpContext() is not null}");
        return next(context);
    }
}
