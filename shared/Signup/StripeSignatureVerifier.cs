using System.Security.Cryptography;
using System.Text;

namespace WebHost.Signup;

/// <summary>
/// Verifies Stripe's signature header: <c>t=…,v1=…[,v1=…]</c>, HMAC-SHA256 in lower-case hex over <c>t.body</c>. The key is
/// the whole secret as text, <c>whsec_</c> included, unlike that of Standard Webhooks.
/// </summary>
public sealed class StripeSignatureVerifier
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly SignatureVerdict Malformed = new(
        SignatureFault.MalformedHeader,
        "The header Stripe-Signature must read t=<unix seconds>,v1=<hex>, with more v1 entries if there are several.");

    private readonly byte[][] _keys;
    private readonly TimeProvider _clock;

    /// <param name="secrets">At least one endpoint secret, as Stripe shows it.</param>
    /// <param name="clock">Tells a request's age.</param>
    /// <exception cref="ArgumentException">There is no secret, or one is empty or no valid text; it is not quoted.</exception>
    public StripeSignatureVerifier(IEnumerable<string> secrets, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        ArgumentNullException.ThrowIfNull(clock);
        _keys = [.. secrets.Select(EncodeSecret)];
        _clock = clock;
        if (_keys.Length == 0)
        {
            throw new ArgumentException("At least one secret is needed.", nameof(secrets));
        }
    }

    /// <summary>Verifies one request. As with Stripe's own libraries, age counts only once the signature is right.</summary>
    /// <param name="header">Header <c>Stripe-Signature</c>.</param>
    /// <param name="body">The body as it came, byte by byte.</param>
    public SignatureVerdict Verify(string? header, ReadOnlySpan<byte> body)
    {
        if (string.IsNullOrEmpty(header))
        {
            return new(SignatureFault.MissingHeader, "Send the header Stripe-Signature.");
        }

        string? timestamp = null;
        var signatures = new List<byte[]>();
        foreach (var item in header.Split(','))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                return Malformed;
            }

            var value = item[(equals + 1)..].Trim();
            switch (item[..equals].Trim())
            {
                case "t" when timestamp is null:
                    timestamp = value;
                    break;
                case "t":
                    return Malformed;
                case "v1" when value.Length > 0:
                    signatures.Add(Encoding.UTF8.GetBytes(value));
                    break;
            }
        }

        if (timestamp is null || signatures.Count == 0 || !SignatureAge.TryParse(timestamp, out var signedAt))
        {
            return Malformed;
        }

        return IsSigned(timestamp, signatures, body)
            ? SignatureAge.Check(signedAt, _clock)
            : new(
                SignatureFault.NoMatchingSignature,
                "No v1 entry of Stripe-Signature belongs to this body and time. Check this endpoint's signing secret.");
    }

    private bool IsSigned(string timestamp, List<byte[]> signatures, ReadOnlySpan<byte> body)
    {
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var found = false;
        foreach (var key in _keys)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            hmac.AppendData(Encoding.UTF8.GetBytes(timestamp + "."));
            hmac.AppendData(body);
            hmac.GetHashAndReset(digest);
            var expected = Encoding.UTF8.GetBytes(Convert.ToHexStringLower(digest));
            foreach (var signature in signatures)
            {
                found |= CryptographicOperations.FixedTimeEquals(signature, expected);
            }
        }

        return found;
    }

    private static byte[] EncodeSecret(string secret)
    {
        try
        {
            if (!string.IsNullOrWhiteSpace(secret))
            {
                return StrictUtf8.GetBytes(secret);
            }
        }
        catch (EncoderFallbackException)
        {
            // Falls through to the one refusal; the exception itself would tell of the secret's characters.
        }

        throw new ArgumentException("A secret must be text, as Stripe shows it.", nameof(secret));
    }
}
