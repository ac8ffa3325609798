using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace WebHost.Security;

/// <summary>
/// Tokens that we hand out: 256 random bits in base64url behind a prefix that tells people, and secret scanners, what they
/// hold. Only their SHA-256 is stored: at that length a slow hash would add nothing.
/// </summary>
public static partial class OpaqueToken
{
    private const int RandomBytes = 32;
    private const string DevicePrefix = "wht_";
    private const string TenantKeyPrefix = "whk_";
    private const string ServerPrefix = "whs_";
    private static readonly int TokenLength = DevicePrefix.Length + Base64Url.GetEncodedLength(RandomBytes);

    /// <summary>Makes a new token, to be shown once.</summary>
    public static string Generate(TokenKind kind) =>
        PrefixOf(kind) + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>Whether a text has the form of a token of this kind; saves a look-up for what cannot be one.</summary>
    public static bool IsWellFormed(TokenKind kind, ReadOnlySpan<char> text) =>
        text.Length == TokenLength
        && text.StartsWith(PrefixOf(kind), StringComparison.Ordinal)
        && Base64Url.IsValid(text[DevicePrefix.Length..], out var bytes)
        && bytes == RandomBytes;

    /// <summary>What is stored of a token and looked up again: the SHA-256 of its text, 32 bytes.</summary>
    public static byte[] Hash(string token)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        return SHA256.HashData(Encoding.UTF8.GetBytes(token));
    }

    /// <summary>The text with every token in it, whole or cut, reduced to its prefix: for logs and errors.</summary>
    public static string Redact(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Anywhere().Replace(text, "$1***");
    }

    private static string PrefixOf(TokenKind kind) => kind switch
    {
        TokenKind.Device => DevicePrefix,
        TokenKind.TenantKey => TenantKeyPrefix,
        TokenKind.ServerInstallation => ServerPrefix,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of token."),
    };

    [GeneratedRegex("(wh[kst]_)[A-Za-z0-9_-]+", RegexOptions.CultureInvariant)]
    private static partial Regex Anywhere();
}
