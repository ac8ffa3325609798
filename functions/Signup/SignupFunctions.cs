using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using WebHost.Decisions;
using WebHost.OpenApi;
using WebHost.Plans;
using WebHost.Problems;
using WebHost.Provisioning;

namespace WebHost.Signup;

/// <summary>Where billing and sign-up pages tell of new customers.</summary>
public sealed partial class SignupFunctions(
    StandardWebhookVerifier webhooks, StripeSignatureVerifier stripe, SignupIntake intake, ILogger<SignupFunctions> logger)
{
    // Standard Webhooks asks for payloads under 20 kB; Stripe's events are larger.
    private const int LargestWebhook = 20_000;
    private const int LargestStripeEvent = 256 * 1024;

    private const string WebhookId = "webhook-id";
    private const string WebhookTimestamp = "webhook-timestamp";
    private const string WebhookSignature = "webhook-signature";
    private const string StripeSignature = "Stripe-Signature";

    private const string SignupSource = "signup";
    private const string StripeSource = "stripe";

    /// <summary>A signup, signed as Standard Webhooks says.</summary>
    [Function("PostSignup")]
    [Endpoint("Sign a customer up", Tag = "Signup", Caller = "webhook", Headers = [WebhookId, WebhookTimestamp, WebhookSignature], Request = typeof(SignupEvent), Response = typeof(SignupAnswer), Status = 202)]
    public async Task<IActionResult> PostSignup(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "signups")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        var body = await request.ReadBodyAsync(LargestWebhook, cancellationToken);
        var webhookId = request.Headers[WebhookId].ToString();
        RequireValid(
            SignupSource,
            webhooks.Verify(webhookId, request.Headers[WebhookTimestamp], request.Headers[WebhookSignature], body.Span));
        return await AcceptAsync(client, SignupSource, webhookId, SignupPayload.Parse(body), cancellationToken);
    }

    /// <summary>A completed checkout, signed as Stripe does.</summary>
    [Function("PostStripeSignup")]
    [Endpoint("Sign a customer up from a Stripe checkout", Tag = "Signup", Caller = "webhook", Headers = [StripeSignature], Request = typeof(StripeEvent), Response = typeof(SignupAnswer), Status = 202)]
    public async Task<IActionResult> PostStripeSignup(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "signups/stripe")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        var body = await request.ReadBodyAsync(LargestStripeEvent, cancellationToken);
        RequireValid(StripeSource, stripe.Verify(request.Headers[StripeSignature], body.Span));
        var outcome = StripeCheckout.Parse(body);
        return await AcceptAsync(
            client, StripeSource, (outcome as AcceptedSignup)?.EventId ?? "", outcome, cancellationToken);
    }

    private async Task<IActionResult> AcceptAsync(
        DurableTaskClient client, string source, string webhookId, SignupOutcome outcome, CancellationToken cancellationToken)
    {
        switch (outcome)
        {
            case RefusedSignup refused:
                throw ProblemException.Unprocessable(refused.Errors);
            case IgnoredSignup ignored:
                return Requests.Answer(new { Ignored = ignored.Reason });
            case AcceptedSignup accepted:
                var receipt = await intake.FindAsync(client, source, webhookId, cancellationToken)
                    ?? await intake.AcceptAsync(
                        client, source, webhookId, accepted.Request, Decide(accepted.Request), cancellationToken);
                return Requests.Answer(
                    new SignupAnswer(receipt.TenantId, receipt.OperationId, $"/api/operations/{receipt.OperationId}"),
                    StatusCodes.Status202Accepted);
            default:
                throw new InvalidOperationException($"No answer is known to a {outcome.GetType().Name}.");
        }
    }

    private static Recommendation Decide(SignupRequest request) =>
        DecisionEngine.Decide(request, PlanCatalog.Standard) switch
        {
            Recommendation recommendation => recommendation,
            var refusal => throw ProblemException.Unprocessable(
                new Dictionary<string, string[]> { ["data"] = [.. refusal.Reasons.Select(reason => reason.Text)] }),
        };

    private void RequireValid(string source, SignatureVerdict verdict)
    {
        if (!verdict.IsValid)
        {
            LogRefused(logger, source, verdict.Reason);
            throw ProblemException.Unauthorized(verdict.Reason);
        }
    }

    [LoggerMessage(310, LogLevel.Warning, "Refused a webhook from {Source}: {Reason}")]
    private static partial void LogRefused(ILogger logger, string source, string reason);
}

/// <summary>What a sign-up page sends.</summary>
/// <param name="Type">customer.signup.</param>
/// <param name="Data">What the customer asks for.</param>
/// <param name="Timestamp">When, ISO 8601; may be absent.</param>
public sealed record SignupEvent(string Type, SignupRequest Data, DateTimeOffset? Timestamp = null);

/// <summary>The answer to a signup.</summary>
/// <param name="TenantId">The new tenant.</param>
/// <param name="OperationId">Its provisioning.</param>
/// <param name="StatusUrl">Where to watch it.</param>
public sealed record SignupAnswer(Guid TenantId, Guid OperationId, string StatusUrl);
