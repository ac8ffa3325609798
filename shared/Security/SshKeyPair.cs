using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace WebHost.Security;

/// <summary>An SSH key: RSA, which every server takes and Robot stores.</summary>
/// <param name="PrivateKey">PEM, PKCS #8: a secret.</param>
/// <param name="PublicKey">In OpenSSH's form (RFC 4253, section 6.6), without a comment.</param>
public sealed record SshKeyPair(string PrivateKey, string PublicKey)
{
    private const string Algorithm = "ssh-rsa";
    private const int KeyBits = 3072;

    /// <summary>Makes a new key.</summary>
    public static SshKeyPair Generate()
    {
        using var rsa = RSA.Create(KeyBits);
        return FromPrivateKey(rsa.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The pair of a private key that was made here.</summary>
    public static SshKeyPair FromPrivateKey(string privateKey)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(privateKey);
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        using var blob = new MemoryStream();
        WriteString(blob, Encoding.ASCII.GetBytes(Algorithm));
        WriteNumber(blob, parameters.Exponent!);
        WriteNumber(blob, parameters.Modulus!);
        return new SshKeyPair(privateKey, $"{Algorithm} {Convert.ToBase64String(blob.ToArray())}");
    }

    /// <summary>Leaves the secret out.</summary>
    public override string ToString() => $"{nameof(SshKeyPair)} {{ {PublicKey} }}";

    private static void WriteString(MemoryStream blob, ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        blob.Write(length);
        blob.Write(bytes);
    }

    // Two's complement: a positive number whose first bit is set gets a zero before it.
    private static void WriteNumber(MemoryStream blob, byte[] bigEndian) =>
        WriteString(blob, bigEndian[0] >= 0x80 ? [0, .. bigEndian] : bigEndian);
}
