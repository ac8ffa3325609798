using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace WebHost.Local.Functions.Tests;

public sealed class HttpTestFunctions(Recorder recorder, ScopedThing scoped)
{
    [Function("Greet")]
    public static IActionResult Greet([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) =>
        new OkObjectResult(new { Greeting = $"Hello {request.Query["name"]}" });

    [Function("Item")]
    public static IResult Item(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "delete", Route = "items/{kind}/{id}/{number:int}")] HttpRequest request,
        string kind,
        Guid id,
        int number) => Results.Text($"{request.Method} {kind} {id} {number}");

    [Function("Constrained")]
    public static IResult Constrained(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "constrained/{id:guid}")] HttpRequest request, Guid id) =>
        Results.Text($"{request.Method} {id}");

    [Function("Any")]
    public static async Task Any([HttpTrigger(AuthorizationLevel.Anonymous, Route = "any")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.HttpContext.Response.StatusCode = StatusCodes.Status202Accepted;
        await request.HttpContext.Response.WriteAsync(request.Method);
    }

    [Function("Fails")]
    public static Task<IActionResult> Fails([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "fails")] HttpRequest request) =>
        throw new InvalidOperationException($"a secret of {request?.Path}");

    [Function("Context")]
    public static IResult Context(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "context")] HttpRequest request,
        FunctionContext context,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        var same = context.GetHttpContext() == request.HttpContext
            && cancellationToken == request.HttpContext.RequestAborted
            && context.InstanceServices == request.HttpContext.RequestServices
            && context.CancellationToken == cancellationToken;
        return Results.Text($"{context.FunctionDefinition.Name} {Guid.TryParse(context.InvocationId, out _)} {same}");
    }

    [Function("Scope")]
    public IResult Scope([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "scope")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Results.Text(scoped.Id.ToString());
    }

    [Function("Echo")]
    public async Task Echo([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "echo")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(buffer)) > 0)
        {
            recorder.Add($"read {Encoding.UTF8.GetString(buffer, 0, read)}");
            await request.HttpContext.Response.Body.WriteAsync(buffer.AsMemory(0, read));
        }
    }

    [Function("Hang")]
    public async Task<IActionResult> Hang(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "hang")] HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        recorder.Add("hanging");
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            recorder.Add("let go");
        }

        return new OkResult();
    }

    [Function("Gate")]
    public async Task<IActionResult> Gate([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "gate")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        recorder.Add("at the gate");
        await recorder.Gate.Task;
        return new OkResult();
    }
}
