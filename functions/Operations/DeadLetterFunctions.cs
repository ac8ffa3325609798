using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.Gps.Ingestion;
using WebHost.OpenApi;
using WebHost.Problems;

namespace WebHost.Operations;

/// <summary>Messages that could not be consumed.</summary>
public sealed class DeadLetterFunctions(CallerAuthentication callers, DeadLetters deadLetters)
{
    private const int LargestPage = 500;
    private const int LargestReplay = 10_000;

    /// <summary>Dead letters, oldest first.</summary>
    [Function("ListDeadLetters")]
    [Endpoint("List messages with points that could not be written, oldest first", Tag = "Operations", Caller = "operator", Response = typeof(Page<DeadLetter>), Query = ["after", "limit"])]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "operations/dead-letters")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var limit = request.QueryNumber("limit", 50, 1, LargestPage);
        var letters = await deadLetters.ListAsync(After(request), limit, cancellationToken);
        return Requests.Answer(Page.Of(
            request,
            letters,
            limit,
            "/api/operations/dead-letters",
            ("after", last => last.SequenceNumber.ToString(CultureInfo.InvariantCulture))));
    }

    /// <summary>Puts dead letters back into the queue.</summary>
    [Function("ReplayDeadLetters")]
    [Endpoint("Put dead letters back into the queue after a fix", Tag = "Operations", Caller = "operator", Response = typeof(ReplayedDeadLetters), Query = ["limit"])]
    public async Task<IActionResult> Replay(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "operations/dead-letters/replay")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        var limit = request.QueryNumber("limit", 1_000, 1, LargestReplay);
        return Requests.Answer(new ReplayedDeadLetters(await deadLetters.ReplayAsync(limit, cancellationToken)));
    }

    private static long After(HttpRequest request)
    {
        var text = request.Query["after"].ToString();
        return text.Length == 0
            ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < long.MaxValue
                ? number
                : throw ProblemException.BadRequest("after", "after must be a sequence number.");
    }
}

/// <summary>The answer to a replay of dead letters.</summary>
/// <param name="Replayed">How many were put back into the queue.</param>
public sealed record ReplayedDeadLetters(int Replayed);
