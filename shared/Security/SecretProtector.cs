using System.Buffers.Text;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace WebHost.Security;

/// <summary>
/// Encrypts the secrets that must be read again (database passwords, provider credentials) with AES-256-GCM under a master
/// key. The secret's name and the key's id are authenticated along, so that one stored secret cannot be put in the place of
/// another. Several master keys may be known: the first encrypts, all decrypt.
/// </summary>
public sealed class SecretProtector
{
    private const int KeyBytes = 32;
    private const int MaximumKeyIdLength = 32;
    private const string Version = "v1";

    private static readonly int NonceBytes = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int TagBytes = AesGcm.TagByteSizes.MaxSize;

    private readonly string _currentKeyId;
    private readonly FrozenDictionary<string, byte[]> _keys;

    private SecretProtector(IReadOnlyList<KeyValuePair<string, byte[]>> keys)
    {
        _currentKeyId = keys[0].Key;
        _keys = keys.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>What everything begins with that is encrypted with the current master key.</summary>
    public string CurrentPrefix => $"{Version}.{_currentKeyId}.";

    /// <summary>Reads the master keys from a setting: <c>id:base64[,id:base64…]</c>, the current key first.</summary>
    /// <param name="setting">Each id is 1 to 32 letters, digits, dashes or underscores; each key 32 bytes.</param>
    /// <exception cref="FormatException">The setting cannot be read; the message tells which entry, not its key.</exception>
    public static SecretProtector FromSetting(string setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        var keys = setting.Split(',', StringSplitOptions.TrimEntries).Select(ParseKey).ToList();
        if (keys.GroupBy(key => key.Key, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new FormatException($"The master key {twice.Key} is there more than once.");
        }

        return new SecretProtector(keys);
    }

    /// <summary>Encrypts a secret for storage under a name.</summary>
    /// <param name="name">Which secret it is, the same when it is opened: part of what is authenticated.</param>
    /// <param name="secret">The secret in clear.</param>
    /// <returns><c>v1.keyId.base64url</c> of nonce, ciphertext and tag.</returns>
    public string Protect(string name, string secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(secret);
        var plain = Encoding.UTF8.GetBytes(secret);
        var sealedBytes = new byte[NonceBytes + plain.Length + TagBytes];
        var nonce = sealedBytes.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_keys[_currentKeyId], TagBytes);
        aes.Encrypt(
            nonce,
            plain,
            sealedBytes.AsSpan(NonceBytes, plain.Length),
            sealedBytes.AsSpan(NonceBytes + plain.Length),
            AssociatedData(_currentKeyId, name));
        CryptographicOperations.ZeroMemory(plain);
        return $"{CurrentPrefix}{Base64Url.EncodeToString(sealedBytes)}";
    }

    /// <summary>Opens what <see cref="Protect"/> made under the same name.</summary>
    /// <exception cref="SecretProtectionException">The key is not known, or the text was altered or belongs to another name.</exception>
    public string Unprotect(string name, string protectedSecret)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(protectedSecret);
        var parts = protectedSecret.Split('.');
        if (parts is not [Version, var keyId, var encoded]
            || !Base64Url.IsValid(encoded, out var length)
            || length < NonceBytes + TagBytes)
        {
            throw new SecretProtectionException($"The stored secret {name} is not in a form that this program writes.");
        }

        if (!_keys.TryGetValue(keyId, out var key))
        {
            throw new SecretProtectionException(
                $"The stored secret {name} is encrypted with the master key {keyId}, which is not configured. Add that key.");
        }

        var sealedBytes = Base64Url.DecodeFromChars(encoded);
        var plain = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(
                sealedBytes.AsSpan(0, NonceBytes),
                sealedBytes.AsSpan(NonceBytes, plain.Length),
                sealedBytes.AsSpan(NonceBytes + plain.Length),
                plain,
                AssociatedData(keyId, name));
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new SecretProtectionException(
                $"The stored secret {name} does not open with the master key {keyId}: the key is another one than it was "
                + "encrypted with, or the stored text was altered or belongs to another secret.",
                exception);
        }

        return Encoding.UTF8.GetString(plain);
    }

    // An id has no zero byte, so id and name cannot run into each other.
    private static byte[] AssociatedData(string keyId, string name) => Encoding.UTF8.GetBytes($"{Version}\0{keyId}\0{name}");

    private static KeyValuePair<string, byte[]> ParseKey(string entry, int index)
    {
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        var id = colon < 0 ? "" : entry[..colon];
        if (id.Length is 0 or > MaximumKeyIdLength || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            throw new FormatException(
                $"Master key {index + 1} must read id:base64, the id being letters, digits, dashes or underscores.");
        }

        var key = new byte[KeyBytes];
        return Convert.TryFromBase64String(entry[(colon + 1)..], key, out var length) && length == KeyBytes
            ? new(id, key)
            : throw new FormatException($"The master key {id} must be {KeyBytes} bytes in base64.");
    }
}
