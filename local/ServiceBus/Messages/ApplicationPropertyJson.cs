using System.Globalization;
using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Azure.Messaging.ServiceBus;

/// <summary>
/// Application properties as one JSON object: strings and booleans as they are, every other type as
/// <c>{"type": "text"}</c>, because a receiver must get back the type that was sent.
/// </summary>
internal static class ApplicationPropertyJson
{
    private static readonly (string Name, Type Type, Func<object, string> Write, Func<string, object> Read)[] Types =
    [
        ("byte", typeof(byte), Invariant, text => byte.Parse(text, CultureInfo.InvariantCulture)),
        ("sbyte", typeof(sbyte), Invariant, text => sbyte.Parse(text, CultureInfo.InvariantCulture)),
        ("short", typeof(short), Invariant, text => short.Parse(text, CultureInfo.InvariantCulture)),
        ("ushort", typeof(ushort), Invariant, text => ushort.Parse(text, CultureInfo.InvariantCulture)),
        ("int", typeof(int), Invariant, text => int.Parse(text, CultureInfo.InvariantCulture)),
        ("uint", typeof(uint), Invariant, text => uint.Parse(text, CultureInfo.InvariantCulture)),
        ("long", typeof(long), Invariant, text => long.Parse(text, CultureInfo.InvariantCulture)),
        ("ulong", typeof(ulong), Invariant, text => ulong.Parse(text, CultureInfo.InvariantCulture)),
        ("float", typeof(float), Invariant, text => float.Parse(text, CultureInfo.InvariantCulture)),
        ("double", typeof(double), Invariant, text => double.Parse(text, CultureInfo.InvariantCulture)),
        ("decimal", typeof(decimal), Invariant, text => decimal.Parse(text, CultureInfo.InvariantCulture)),
        ("char", typeof(char), value => value.ToString()!, text => text[0]),
        ("guid", typeof(Guid), Invariant, text => Guid.Parse(text)),
        ("uri", typeof(Uri), value => ((Uri)value).OriginalString, text => new Uri(text, UriKind.RelativeOrAbsolute)),
        ("datetime", typeof(DateTime), value => ((DateTime)value).ToString("O", CultureInfo.InvariantCulture),
            text => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind)),
        ("datetimeoffset", typeof(DateTimeOffset),
            value => ((DateTimeOffset)value).ToString("O", CultureInfo.InvariantCulture),
            text => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture)),
        ("timespan", typeof(TimeSpan), value => ((TimeSpan)value).ToString("c"),
            text => TimeSpan.ParseExact(text, "c", CultureInfo.InvariantCulture)),
    ];

    internal static string Write(IEnumerable<KeyValuePair<string, object>> properties)
    {
        JsonObject? json = null;
        foreach (var (name, value) in properties)
        {
            json ??= [];
            json[name] = value switch
            {
                string text => text,
                bool flag => flag,
                _ => WriteTyped(name, value),
            };
        }

        return json?.ToJsonString() ?? "{}";
    }

    internal static Dictionary<string, object> Read(string json)
    {
        var properties = new Dictionary<string, object>();
        if (json == "{}")
        {
            return properties;
        }

        using var document = JsonDocument.Parse(json);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            properties[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString()!,
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => ReadTyped(property.Value.EnumerateObject().Single()),
            };
        }

        return properties;
    }

    private static JsonObject WriteTyped(string name, object? value)
    {
        foreach (var type in Types)
        {
            if (type.Type.IsInstanceOfType(value))
            {
                return new JsonObject { [type.Name] = type.Write(value) };
            }
        }

        throw new SerializationException(
            $"The application property '{name}' has the unsupported type {value?.GetType().FullName ?? "null"}.");
    }

    private static object ReadTyped(JsonProperty typed) =>
        Array.Find(Types, type => type.Name == typed.Name).Read(typed.Value.GetString()!);

    private static string Invariant(object value) => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture);
}
