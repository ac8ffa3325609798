namespace WebHost.Signup;

/// <summary>What came of reading a signup: <see cref="AcceptedSignup"/>, <see cref="IgnoredSignup"/> or <see cref="RefusedSignup"/>.</summary>
public abstract record SignupOutcome;
