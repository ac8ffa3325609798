using System.Globalization;
using System.Text.Json;

namespace WebHost.Gps.Reading;

/// <summary>
/// Reads the value that a reader stands on, whatever its type, and leaves the reader on the value's last token. Only a body
/// that is no JSON makes it throw, and then <see cref="JsonException"/>.
/// </summary>
internal static class JsonTokens
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 64 };

    public static Utf8JsonReader Open(ReadOnlySpan<byte> json) => new(json, Options);

    /// <summary>A number, also when written as text; NaN when it is neither, nothing when null.</summary>
    public static double? Number(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number when reader.TryGetDouble(out var number):
                return number;
            case JsonTokenType.String when double.TryParse(
                Text(ref reader), NumberStyles.Float, CultureInfo.InvariantCulture, out var number):
                return number;
            default:
                reader.Skip();
                return double.NaN;
        }
    }

    /// <summary>A time as text or as a number, nothing when it is neither.</summary>
    public static DateTimeOffset? Time(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number when reader.TryGetDouble(out var epoch):
                return GpsTime.FromEpoch(epoch);
            case JsonTokenType.String:
                return GpsTime.Parse(Text(ref reader));
            default:
                reader.Skip();
                return null;
        }
    }

    /// <summary>A name: text that is not empty, or a number's digits.</summary>
    public static string? Name(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String or JsonTokenType.Number when Text(ref reader) is { Length: > 0 } text:
                return text;
            default:
                reader.Skip();
                return null;
        }
    }

    /// <summary>The text of a string, a property's name or a number; escapes that make no character stay as written.</summary>
    public static string Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            try
            {
                return StorableText.From(reader.GetString()!);
            }
            catch (InvalidOperationException)
            {
                // Half a surrogate pair or broken UTF-8: JSON's grammar allows it, no text can hold it.
            }
        }

        return StorableText.From(reader.ValueSpan);
    }

    /// <summary>What a message looked like, for the quarantine: from a token's start to where the reader stands.</summary>
    public static ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> json, long start, in Utf8JsonReader reader) =>
        json[(int)start..(int)reader.BytesConsumed];
}
