using System.Collections.Concurrent;
using System.Text.Json;

namespace WebHost.States;

/// <summary>How enumerations are written in databases and over HTTP: lower-case words with hyphens.</summary>
public static class EnumText
{
    private static readonly ConcurrentDictionary<Enum, string> Texts = new();

    /// <summary>The text of a value: <c>WaitingForCapacity</c> is <c>waiting-for-capacity</c>.</summary>
    public static string ToText(this Enum value) =>
        Texts.GetOrAdd(value, v => JsonNamingPolicy.KebabCaseLower.ConvertName(v.ToString()));

    /// <summary>The value of a text.</summary>
    /// <exception cref="FormatException">No value of <typeparamref name="T"/> is written so.</exception>
    public static T Parse<T>(string text)
        where T : struct, Enum =>
        TryParse<T>(text, out var value)
            ? value
            : throw new FormatException($"'{text}' is not one of: {string.Join(", ", Enum.GetValues<T>().Select(v => v.ToText()))}.");

    /// <summary>Whether a value of <typeparamref name="T"/> is written so, and which.</summary>
    public static bool TryParse<T>(string text, out T value)
        where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (candidate.ToText() == text)
            {
                value = candidate;
                return true;
            }
        }

        value = default;
        return false;
    }
}
