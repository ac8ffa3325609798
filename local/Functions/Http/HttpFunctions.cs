using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.Functions;

/// <summary>Makes an endpoint of each HTTP function.</summary>
internal static class HttpFunctions
{
    internal static void Map(WebApplication application, IEnumerable<HttpFunction> functions, FunctionPipeline pipeline)
    {
        var logger = application.Services.GetRequiredService<ILogger<HttpFunction>>();
        foreach (var (function, route, methods) in functions)
        {
            var endpoint = application.Map(route, context => InvokeAsync(context, function, pipeline, logger));
            endpoint.WithDisplayName(function.Name);
            if (methods.Count > 0)
            {
                endpoint.WithMetadata(new HttpMethodMetadata(methods));
            }
        }
    }

    private static async Task InvokeAsync(
        HttpContext context, LocalFunction function, FunctionPipeline pipeline, ILogger logger)
    {
        var invocation = new LocalFunctionContext(function, context.RequestServices, context, context.RequestAborted);
        try
        {
            await pipeline.RunAsync(invocation);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer.
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = exception.StatusCode;
        }
        catch (Exception exception)
        {
            logger.FunctionFailed(exception, function.Name, invocation.InvocationId);
            if (context.Response.HasStarted)
            {
                // Half an answer must not look like a whole one.
                context.Abort();
            }
            else
            {
                context.Response.Clear();
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        }
    }
}
