namespace WebHost.Signup;

/// <summary>A signup that must be corrected by its sender.</summary>
/// <param name="Errors">Every fault: the JSON path (<c>$</c> for the body itself) and sentences that say what to do.</param>
public sealed record RefusedSignup(IReadOnlyDictionary<string, string[]> Errors) : SignupOutcome;
