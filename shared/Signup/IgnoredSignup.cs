namespace WebHost.Signup;

/// <summary>A genuine event that asks for nothing: to be answered with success and left alone.</summary>
/// <param name="Reason">Why nothing follows, as a sentence.</param>
public sealed record IgnoredSignup(string Reason) : SignupOutcome;
