using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.Callers;
using WebHost.OpenApi;
using WebHost.Plans;
using WebHost.Problems;
using WebHost.Signup;

namespace WebHost.Decisions;

/// <summary>Where operators ask what would be recommended.</summary>
public sealed class DecisionFunctions(CallerAuthentication callers)
{
    private const int LargestRequest = 20_000;

    /// <summary>Decides on a signup's data without signing anybody up.</summary>
    [Function("PostDecision")]
    [Endpoint("Ask where a customer would belong, and why", Tag = "Decisions", Caller = "operator", Request = typeof(SignupRequest), Response = typeof(Recommendation))]
    public async Task<IActionResult> PostDecision(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "decisions")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await callers.RequireOperatorAsync(request, cancellationToken);
        return SignupPayload.ParseData(await request.ReadBodyAsync(LargestRequest, cancellationToken)) switch
        {
            AcceptedSignup accepted => Decide(accepted.Request),
            RefusedSignup refused => throw ProblemException.Unprocessable(refused.Errors),
            var outcome => throw new InvalidOperationException($"No answer is known to a {outcome.GetType().Name}."),
        };
    }

    private static IActionResult Decide(SignupRequest request) =>
        DecisionEngine.Decide(request, PlanCatalog.Standard) switch
        {
            Recommendation recommendation => Requests.Answer(recommendation),
            var refusal => throw ProblemException.Unprocessable(
                new Dictionary<string, string[]> { ["$"] = [.. refusal.Reasons.Select(reason => reason.Text)] }),
        };
}
