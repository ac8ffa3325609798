using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Operations;
using WebHost.Problems;

namespace WebHost.Emergency;

/// <summary>Where operators fail servers over, and read what happened.</summary>
public sealed class FailoverFunctions(
    CallerAuthentication callers, ServerFailoverIntake servers, FailoverStore failovers, IncidentReports reports)
{
    // It goes through orchestrations, whose inputs must stay small.
    private const int LongestReason = 500;

    /// <summary>Fails all tenants of a lost server over.</summary>
    [Function("PostServerFailover")]
    [Endpoint("Fail all tenants of a lost server over, the most important first", Tag = "Servers", Caller = "operator", Request = typeof(ServerFailoverRequest), Response = typeof(OperationAnswer), Status = 202)]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "servers/{serverId:guid}/failover")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        Guid serverId,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var wanted = await request.ReadJsonAsync<ServerFailoverRequest>(cancellationToken);
        if (string.IsNullOrWhiteSpace(wanted.Reason))
        {
            throw ProblemException.BadRequest("reason", "reason must say why; every tenant's report shows it.");
        }

        var operationId = await servers.StartAsync(
            client,
            serverId,
            new FailoverRequest(ReasonOf(wanted.Reason), Force: wanted.Force),
            cancellationToken);
        return Requests.Answer(
            new OperationAnswer(operationId, $"/api/operations/{operationId}"), StatusCodes.Status202Accepted);
    }

    /// <summary>What happened, for programs.</summary>
    [Function("GetIncidentReport")]
    [Endpoint("Read what failed, what was done when, and what was lost in a failover", Tag = "Operations", Caller = "operator", Response = typeof(IncidentReport))]
    public async Task<IActionResult> GetReport(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "operations/{operationId:guid}/report")] HttpRequest request,
        Guid operationId,
        CancellationToken cancellationToken) =>
        Requests.Answer(await ComposeAsync(request, operationId, cancellationToken));

    /// <summary>What happened, for people.</summary>
    [Function("GetIncidentPage")]
    [Endpoint("The same as a page to be read or printed", Tag = "Operations", Caller = "operator", MediaType = "text/html")]
    public async Task<IActionResult> GetPage(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "operations/{operationId:guid}/report.html")] HttpRequest request,
        Guid operationId,
        CancellationToken cancellationToken) =>
        new ContentResult
        {
            Content = IncidentPage.Render(await ComposeAsync(request, operationId, cancellationToken)),
            ContentType = "text/html; charset=utf-8",
        };

    internal static string ReasonOf(string? reason) => reason switch
    {
        null => "An operator asked for it.",
        { Length: > LongestReason } => throw ProblemException.BadRequest(
            "reason", $"reason has {reason.Length} characters; it must have {LongestReason} at most."),
        _ when reason.Contains('\0', StringComparison.Ordinal) => throw ProblemException.BadRequest(
            "reason", "reason has a character U+0000, which cannot be kept; leave it out."),
        _ => reason,
    };

    private async Task<IncidentReport> ComposeAsync(
        HttpRequest request, Guid operationId, CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        return await failovers.FindAsync(operationId, cancellationToken) is null
            ? throw ProblemException.NotFound(
                $"Operation {operationId} is no failover of a tenant. GET /api/operations lists those of kind emergency.")
            : await reports.ComposeAsync(operationId, cancellationToken);
    }
}

/// <summary>Why a server is failed over.</summary>
public sealed record ServerFailoverRequest
{
    /// <summary>Why, for the reports; at most 500 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether to do it although the server answers.</summary>
    public bool Force { get; init; }
}
