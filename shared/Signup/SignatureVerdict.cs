namespace WebHost.Signup;

/// <summary>What the verification of a webhook's signature came to.</summary>
/// <param name="Fault">What was wrong, nothing when the signature is valid.</param>
/// <param name="Reason">The same as a sentence for the sender; it gives away no secret and no expected signature.</param>
public readonly record struct SignatureVerdict(SignatureFault? Fault, string Reason)
{
    /// <summary>Signed with one of our secrets, just now.</summary>
    public static SignatureVerdict Valid { get; } = new(null, "The signature is valid.");

    /// <summary>Whether the request may be believed.</summary>
    public bool IsValid => Fault is null;
}
