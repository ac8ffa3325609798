using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace WebHost.Local.Functions;

/// <summary>
/// The ASP.NET Core integration: from here inwards the request can be seen, and what comes out as the invocation's result
/// is executed as the response. A function without a result has written its response itself.
/// </summary>
internal static class HttpResultMiddleware
{
    private static readonly ActionDescriptor NoAction = new();

    internal static FunctionExecutionDelegate Wrap(FunctionExecutionDelegate next) => context =>
    {
        var invocation = (LocalFunctionContext)context;
        return invocation.Trigger is HttpContext http ? InvokeAsync(invocation, http, next) : next(context);
    };

    private static async Task InvokeAsync(LocalFunctionContext invocation, HttpContext http, FunctionExecutionDelegate next)
    {
        invocation.HttpContext = http;
        await next(invocation);
        switch (invocation.Result)
        {
            case IActionResult result:
                await result.ExecuteResultAsync(new ActionContext(http, http.GetRouteData(), NoAction));
                break;
            case IResult result:
                await result.ExecuteAsync(http);
                break;
        }
    }
}
