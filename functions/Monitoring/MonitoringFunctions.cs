using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Placement;

namespace WebHost.Monitoring;

/// <summary>Where operators see what is unwell.</summary>
public sealed class MonitoringFunctions(
    CallerAuthentication callers,
    HealthChecks health,
    DatabaseHealthStore databases,
    PlacementStore placements,
    AlertStore alerts)
{
    private const int LargestPage = 500;

    /// <summary>Whether the application is well, part by part. Open to all, since load balancers ask; it tells no secrets.</summary>
    [Function("GetHealth")]
    [Endpoint("See which part is well or unwell", Tag = "Monitoring", Caller = "anybody", Response = typeof(HealthReport))]
    public async Task<IActionResult> GetHealth(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        var report = await health.CheckAsync(cancellationToken);
        return Requests.Answer(
            report, report.Healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>How the databases that serve tenants answer, the worst first.</summary>
    [Function("ListDatabaseHealth")]
    [Endpoint("See how each database that serves tenants answers, the worst first", Tag = "Monitoring", Caller = "operator", Response = typeof(Page<DatabaseHealth>))]
    public async Task<IActionResult> ListDatabaseHealth(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health/databases")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var served = (await placements.ListServedDatabasesAsync(cancellationToken))
            .ToLookup(database => database.DatabaseId);
        var seen = await databases.ListAsync(cancellationToken);
        return Requests.Answer(new Page<DatabaseHealth>(
            [
                .. seen.Where(database => served.Contains(database.DatabaseId))
                    .OrderByDescending(database => database.State).ThenBy(database => database.Since)
                    .Select(database => DatabaseHealth.Of(database, served[database.DatabaseId].First())),
            ],
            null));
    }

    /// <summary>Alerts, newest first.</summary>
    [Function("ListAlerts")]
    [Endpoint("List open alerts, newest first", Tag = "Monitoring", Caller = "operator", Response = typeof(Page<Alert>), Query = ["resolved", "limit"])]
    public async Task<IActionResult> ListAlerts(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "alerts")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var found = await alerts.ListAsync(
            request.QueryFlag("resolved"), request.QueryNumber("limit", 100, 1, LargestPage), cancellationToken);
        return Requests.Answer(new Page<Alert>(found, null));
    }
}
