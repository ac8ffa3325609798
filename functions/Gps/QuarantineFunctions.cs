using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.Gps.Quarantine;
using WebHost.OpenApi;
using WebHost.Problems;

namespace WebHost.Gps;

/// <summary>What devices sent that is no point: to be looked at, and to be read again after a fix.</summary>
public sealed class QuarantineFunctions(CallerAuthentication callers, QuarantineStore quarantine, QuarantineReplay replay)
{
    private const int LargestPage = 1_000;
    private const int LargestReplay = 100_000;

    /// <summary>Quarantined messages, newest first.</summary>
    [Function("ListQuarantine")]
    [Endpoint("See what devices sent that is no point, newest first", Tag = "GPS", Caller = "operator or tenant", Response = typeof(Page<QuarantinedMessage>), Query = ["deviceId", "before", "limit"])]
    [QueryOneOf<QuarantineReason>("reason")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "tenants/{tenantId:guid}/quarantine")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var limit = request.QueryNumber("limit", 100, 1, LargestPage);
        var messages = await quarantine.ListAsync(tenantId, Filter(request), Before(request), limit, cancellationToken);
        return Requests.Answer(new Page<QuarantinedMessage>(
            messages,
            messages.Count == limit ? $"/api/tenants/{tenantId}/quarantine{Query(request, messages[^1].Id, limit)}" : null));
    }

    /// <summary>Reads quarantined messages again, by the rules that hold now.</summary>
    [Function("ReplayQuarantine")]
    [Endpoint("Read quarantined messages again after a fix", Tag = "GPS", Caller = "operator or tenant", Response = typeof(ReplayAnswer), Query = ["deviceId", "before", "limit"])]
    [QueryOneOf<QuarantineReason>("reason")]
    public async Task<IActionResult> Replay(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "tenants/{tenantId:guid}/quarantine/replay")] HttpRequest request,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        await callers.RequireTenantAsync(request, tenantId, cancellationToken);
        var limit = request.QueryNumber("limit", 10_000, 1, LargestReplay);
        var replayed = await replay.RunAsync(tenantId, Filter(request), Before(request), limit, cancellationToken);
        return Requests.Answer(new ReplayAnswer(
            replayed.Messages,
            replayed.Points,
            replayed.Heartbeats,
            replayed.Held,
            replayed.Stay.Values.Sum(),
            replayed.Stay,
            replayed.Last is { } last ? $"/api/tenants/{tenantId}/quarantine/replay{Query(request, last, limit)}" : null));
    }

    private static QuarantineFilter Filter(HttpRequest request) =>
        new(request.QueryOneOf<QuarantineReason>("reason"), request.QueryId("deviceId"));

    private static QuarantineId? Before(HttpRequest request)
    {
        var text = request.Query["before"].ToString();
        return text.Length == 0
            ? null
            : QuarantineId.TryParse(text, out var id)
                ? id
                : throw ProblemException.BadRequest("before", "before must be the id of a quarantined message.");
    }

    private static string Query(HttpRequest request, QuarantineId before, int limit) => QueryString.Create(
    [
        .. request.Query.Where(pair => pair.Key is "reason" or "deviceId")
            .Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value.ToString())),
        KeyValuePair.Create("before", (string?)before.ToString()),
        KeyValuePair.Create("limit", (string?)limit.ToString(System.Globalization.CultureInfo.InvariantCulture)),
    ]).ToString();
}

/// <summary>The answer to a replay of the quarantine.</summary>
/// <param name="Messages">How many messages were read again.</param>
/// <param name="BecamePoints">Points that came of them; they are on their way as if just received.</param>
/// <param name="BecameHeartbeats">Signs of life that came of them.</param>
/// <param name="Held">
/// Messages that became either and are listed all the same until the tenant's move or failover is over: replay them once more
/// then, which removes them and changes nothing else.
/// </param>
/// <param name="Stay">Messages that are still neither, and stay in quarantine.</param>
/// <param name="Reasons">Those, by the reason that holds now.</param>
/// <param name="Next">Where to go on, when there may be more.</param>
public sealed record ReplayAnswer(
    int Messages,
    int BecamePoints,
    int BecameHeartbeats,
    int Held,
    int Stay,
    IReadOnlyDictionary<QuarantineReason, int> Reasons,
    string? Next);
