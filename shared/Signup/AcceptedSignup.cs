namespace WebHost.Signup;

/// <summary>A signup without a fault.</summary>
/// <param name="Request">What is asked for.</param>
/// <param name="EventId">The sender's id of the event inside the body (Stripe), the same over retries.</param>
public sealed record AcceptedSignup(SignupRequest Request, string? EventId = null) : SignupOutcome;
