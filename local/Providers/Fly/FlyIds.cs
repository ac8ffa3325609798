using System.Security.Cryptography;

namespace WebHost.Local.Providers.Fly;

/// <summary>Identifiers that look like Fly's.</summary>
internal static class FlyIds
{
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    public static string Machine() => RandomNumberGenerator.GetHexString(14, lowercase: true);

    public static string Volume() => "vol_" + RandomNumberGenerator.GetString("0123456789abcdefghijklmnopqrstuvwxyz", 16);

    public static string Nonce() => RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>A machine's version: 26 characters, the later the greater.</summary>
    public static string Ulid()
    {
        var time = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return string.Create(26, time, static (text, time) =>
        {
            for (var i = 9; i >= 0; i--, time >>= 5)
            {
                text[i] = Crockford[(int)(time & 31)];
            }

            RandomNumberGenerator.GetItems(Crockford.AsSpan(), text[10..]);
        });
    }
}
