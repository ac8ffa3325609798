using System.Security.Cryptography;
using System.Text;

namespace WebHost.Signup;

/// <summary>
/// Verifies the signature scheme of Standard Webhooks 1.0.0: HMAC-SHA256 over <c>id.timestamp.body</c>, several signatures a
/// request and several secrets an endpoint so that either side can rotate.
/// </summary>
public sealed class StandardWebhookVerifier
{
    private const string SecretPrefix = "whsec_";
    private const int MinimumSecretBytes = 24;

    private const int MaximumIdLength = 256;

    /// <summary>What a secret is, as the end of a sentence.</summary>
    internal static readonly string SecretForm = $"at least {MinimumSecretBytes} random bytes in base64";

    private readonly byte[][] _keys;
    private readonly TimeProvider _clock;

    /// <param name="secrets">At least one, in base64, with or without <c>whsec_</c>; the specification asks for 24 bytes.</param>
    /// <param name="clock">Tells a request's age.</param>
    /// <exception cref="ArgumentException">There is no secret, or one is not base64 or too short; it is not quoted.</exception>
    public StandardWebhookVerifier(IEnumerable<string> secrets, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        ArgumentNullException.ThrowIfNull(clock);
        _keys = [.. secrets.Select(secret => DecodeSecret(secret) ?? throw new ArgumentException(
            $"A secret must be {SecretForm}, with or without {SecretPrefix}.", nameof(secrets)))];
        _clock = clock;
        if (_keys.Length == 0)
        {
            throw new ArgumentException("At least one secret is needed.", nameof(secrets));
        }
    }

    /// <summary>Verifies one request.</summary>
    /// <param name="id">Header <c>webhook-id</c>.</param>
    /// <param name="timestamp">Header <c>webhook-timestamp</c>, in unix seconds.</param>
    /// <param name="signatures">Header <c>webhook-signature</c>, a list parted by spaces.</param>
    /// <param name="body">The body as it came, byte by byte.</param>
    public SignatureVerdict Verify(string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body)
    {
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signatures))
        {
            return new(
                SignatureFault.MissingHeader,
                "Send the headers webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks.");
        }

        // A dot in the id could be moved to the next part without changing the signed bytes.
        if (id.Length > MaximumIdLength || id.Contains('.', StringComparison.Ordinal))
        {
            return new(
                SignatureFault.MalformedHeader,
                $"The header webhook-id must have at most {MaximumIdLength} characters and no dot.");
        }

        if (!SignatureAge.TryParse(timestamp, out var signedAt))
        {
            return new(SignatureFault.MalformedHeader, "The header webhook-timestamp must be whole seconds since 1970.");
        }

        return IsSigned($"{id}.{timestamp}.", signatures, body)
            ? SignatureAge.Check(signedAt, _clock)
            : new(
                SignatureFault.NoMatchingSignature,
                "No v1 signature in webhook-signature belongs to this body, id and time. "
                + "Sign the bytes that are sent, with this endpoint's secret.");
    }

    private bool IsSigned(string prefix, string signatures, ReadOnlySpan<byte> body)
    {
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var found = false;
        foreach (var key in _keys)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            hmac.AppendData(Encoding.UTF8.GetBytes(prefix));
            hmac.AppendData(body);
            hmac.GetHashAndReset(digest);
            var expected = Encoding.UTF8.GetBytes("v1," + Convert.ToBase64String(digest));
            foreach (var entry in signatures.AsSpan().Split(' '))
            {
                found |= CryptographicOperations.FixedTimeEquals(
                    Encoding.UTF8.GetBytes(signatures[entry]), expected);
            }
        }

        return found;
    }

    /// <summary>The key that a secret is, or null when it is none.</summary>
    internal static byte[]? DecodeSecret(string secret)
    {
        var encoded = secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? secret[SecretPrefix.Length..] : secret;
        var key = new byte[encoded.Length];
        return Convert.TryFromBase64String(encoded, key, out var length) && length >= MinimumSecretBytes ? key[..length] : null;
    }
}
