using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace WebHost.Json;

/// <summary>A value on its way into a jsonb column.</summary>
/// <param name="Text">The JSON text.</param>
public sealed record JsonText(string Text)
{
    /// <summary>How this application writes and reads JSON everywhere: camel case, enumerations as lower-case words, no nulls.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        // Answers are read by programs and people, never pasted into HTML: an apostrophe may stay one.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,

        // A schema can be asked of these options before anything has been serialized with them.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Serializes a value.</summary>
    public static JsonText Of<T>(T value) => new(JsonSerializer.Serialize(value, value?.GetType() ?? typeof(T), Options));

    /// <summary>Reads a value that was written by <see cref="Of{T}"/>.</summary>
    public static T Read<T>(string text) =>
        JsonSerializer.Deserialize<T>(text, Options)
        ?? throw new FormatException($"Expected a {typeof(T).Name}, found null.");
}
