using System.Text.Json;
using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;
using WebHost.Emergency;
using WebHost.Backups;
using WebHost.Data;
using WebHost.Gps.Ingestion;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.States;

namespace WebHost.Problems;

/// <summary>Turns exceptions of HTTP functions into application/problem+json. Other functions' exceptions pass.</summary>
public sealed partial class ProblemMiddleware(ILogger<ProblemMiddleware> logger) : IFunctionsWorkerMiddleware
{
    /// <inheritdoc />
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (context.GetHttpContext() is not { } http)
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; nobody is there to read an answer.
        }
        catch (Exception exception)
        {
            var problem = ToProblem(exception, context);
            if (http.Response.HasStarted)
            {
                // Too late for a status: breaking the connection is the only honest sign left.
                http.Abort();
                return;
            }

            await WriteAsync(http, problem);
        }
    }

    private static async Task WriteAsync(HttpContext http, ProblemException problem)
    {
        http.Response.Clear();
        http.Response.StatusCode = problem.Status;
        http.Response.Headers.CacheControl = "no-store";
        if (problem.RetryAfter is { } delay)
        {
            http.Response.Headers.RetryAfter = ((int)Math.Ceiling(delay.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
        }

        http.Response.ContentType = "application/problem+json";
        await JsonSerializer.SerializeAsync(
            http.Response.Body,
            new { Type = "about:blank", problem.Title, problem.Status, Detail = problem.Message, problem.Errors },
            JsonText.Options,
            http.RequestAborted);
    }

    private ProblemException ToProblem(Exception exception, FunctionContext context)
    {
        switch (exception)
        {
            case ProblemException problem:
                return problem;
            case BadHttpRequestException bad:
                return new ProblemException(bad.StatusCode, "Malformed request", bad.Message);
            case WrongTransitionException wrong:
                return ProblemException.Conflict(wrong.Message);
            case TenantUnknownException unknown:
                return ProblemException.NotFound(unknown.Message);
            case ServerUnknownException unknown:
                return ProblemException.NotFound(unknown.Message);
            case ServerTakenException taken:
                return ProblemException.Conflict(taken.Message);
            case TenantNotServedException notServed:
                return ProblemException.Conflict(notServed.Message);
            case MoveRefusedException refused:
                return ProblemException.Conflict(refused.Message);
            case BackupRefusedException refused:
                return ProblemException.Conflict(refused.Message);
            case TenantFencedException:
                return new ProblemException(503, "Moving", "The tenant is being moved; try again in a moment.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            case PointsNotTakenException:
                LogUnavailable(logger, context.FunctionDefinition.Name, exception);
                return new ProblemException(503, "Unavailable", "The points were not taken; send them again in a moment.")
                {
                    RetryAfter = TimeSpan.FromSeconds(2),
                };
            case ServiceBusException { IsTransient: true }:
                LogUnavailable(logger, context.FunctionDefinition.Name, exception);
                return new ProblemException(503, "Unavailable", "The message queue does not answer; try again in a moment.")
                {
                    RetryAfter = TimeSpan.FromSeconds(2),
                };
            case var _ when PostgresFaults.IsTransient(exception):
                LogUnavailable(logger, context.FunctionDefinition.Name, exception);
                return new ProblemException(503, "Unavailable", "A database does not answer; try again in a moment.")
                {
                    RetryAfter = TimeSpan.FromSeconds(2),
                };
            default:
                LogUnexpected(logger, context.FunctionDefinition.Name, context.InvocationId, exception);
                return new ProblemException(
                    500, "Unexpected", $"Something failed on our side. Report it with invocation id {context.InvocationId}.");
        }
    }

    [LoggerMessage(300, LogLevel.Error, "{Function} failed unexpectedly (invocation {InvocationId}).")]
    private static partial void LogUnexpected(ILogger logger, string function, string invocationId, Exception exception);

    [LoggerMessage(301, LogLevel.Warning, "{Function}: something it needs does not answer.")]
    private static partial void LogUnavailable(ILogger logger, string function, Exception exception);
}
