using System.Security.Cryptography;
using System.Text;

namespace WebHost.Security;

/// <summary>
/// What PostgreSQL keeps of a role's password for SCRAM-SHA-256 (RFC 5802, RFC 7677; the form is that of
/// pg_authid.rolpassword). Sent in a password's place it lets the role log in with the password, which itself reaches no
/// statement and so no log and no error: whoever reads the verifier cannot log in with it.
/// </summary>
public static class ScramVerifier
{
    // PostgreSQL's own values. The passwords are random, so that more iterations would add nothing.
    private const int Iterations = 4096;
    private const int SaltBytes = 16;

    /// <summary>Makes a verifier with a salt of its own.</summary>
    /// <exception cref="ArgumentException">The password is not ASCII, which alone no normalization changes.</exception>
    public static string Of(string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        if (!Ascii.IsValid(password))
        {
            throw new ArgumentException("The password is not ASCII.", nameof(password));
        }

        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password, salt, Iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}"
            + $"${Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}";
    }
}
