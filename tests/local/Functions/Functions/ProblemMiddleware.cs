using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace WebHost.Local.Functions.Tests;

/// <summary>Does what the application's does: an exception becomes a problem document.</summary>
internal sealed class ProblemMiddleware(Recorder recorder) : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        recorder.Add($"inside {context.FunctionDefinition.Name} {context.GetHttpContext() is not null}");
        try
        {
            await next(context);
        }
        catch (InvalidOperationException) when (context.GetHttpContext() is not null)
        {
            context.GetInvocationResult().Value = new ObjectResult(new ProblemDetails { Status = 409, Title = "Conflict" })
            {
                StatusCode = 409,
                ContentTypes = { "application/problem+json" },
            };
        }
    }
}
