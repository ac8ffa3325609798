namespace WebHost.Signup;

/// <summary>Why a webhook's signature was not accepted.</summary>
public enum SignatureFault
{
    /// <summary>A header that the scheme needs is not there.</summary>
    MissingHeader,

    /// <summary>A header is there but cannot be read.</summary>
    MalformedHeader,

    /// <summary>None of the signatures was made with one of our secrets over this body.</summary>
    NoMatchingSignature,

    /// <summary>Rightly signed, but too long ago.</summary>
    TooOld,

    /// <summary>Rightly signed, but at a time that is too far ahead.</summary>
    TooNew,
}
