using System.Text;

namespace WebHost.Gps.Reading;

/// <summary>Text that PostgreSQL can store: without zero characters and halves of surrogate pairs.</summary>
internal static class StorableText
{
    public static string From(string text)
    {
        if (!text.Contains('\0', StringComparison.Ordinal) && text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') < 0)
        {
            return text;
        }

        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            builder.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return builder.ToString();
    }

    public static string From(ReadOnlySpan<byte> utf8) => From(Encoding.UTF8.GetString(utf8));
}
