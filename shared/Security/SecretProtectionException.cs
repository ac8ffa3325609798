namespace WebHost.Security;

/// <summary>A stored secret could not be opened. The message names the secret and the key id, never their contents.</summary>
public sealed class SecretProtectionException : Exception
{
    /// <param name="message">What to do about it.</param>
    /// <param name="innerException">What the cryptography said, if it was asked.</param>
    public SecretProtectionException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
