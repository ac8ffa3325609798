using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WebHost.Json;

/// <summary>
/// The names that enum members carry on the wire: their own in lower case with hyphens, unless one is declared
/// (<see cref="JsonStringEnumMemberNameAttribute"/>). For text that does not pass through a serializer: query strings, database
/// columns, sentences that list what is allowed.
/// </summary>
public static class WireName
{
    private static readonly ConcurrentDictionary<Enum, string> Untyped = new();

    /// <summary>The wire name of <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of its enum.</exception>
    public static string Of<T>(T value)
        where T : struct, Enum =>
        Names<T>.ByValue.TryGetValue(value, out var name)
            ? name
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"Not a member of {typeof(T).Name}.");

    /// <summary>The wire name of a value whose type is known only when the program runs.</summary>
    public static string Of(Enum value) => Untyped.GetOrAdd(
        value,
        member => (string)typeof(WireName).GetMethods()
            .Single(method => method is { Name: nameof(Of), IsGenericMethod: true })
            .MakeGenericMethod(member.GetType()).Invoke(null, [member])!);

    /// <summary>All wire names of an enum, in the order of its declaration.</summary>
    public static IReadOnlyList<string> All<T>()
        where T : struct, Enum => Names<T>.InOrder;

    /// <summary>Finds the member by its wire name, whatever the case of its letters.</summary>
    public static bool TryParse<T>(string? name, out T value)
        where T : struct, Enum
    {
        value = default;
        return name is not null && Names<T>.ByName.TryGetValue(name, out value);
    }

    /// <summary>The member with that wire name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static T Parse<T>(string name)
        where T : struct, Enum =>
        TryParse<T>(name, out var value)
            ? value
            : throw new FormatException($"'{name}' is not one of: {string.Join(", ", All<T>())}.");

    private static class Names<T>
        where T : struct, Enum
    {
        public static readonly string[] InOrder =
            [.. Enum.GetNames<T>().Select(member => typeof(T).GetField(member)!)
                .Select(field => field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.KebabCaseLower.ConvertName(field.Name))];

        public static readonly FrozenDictionary<T, string> ByValue =
            Enum.GetValues<T>().Zip(InOrder).ToFrozenDictionary(pair => pair.First, pair => pair.Second);

        public static readonly FrozenDictionary<string, T> ByName =
            Enum.GetValues<T>().Zip(InOrder)
                .ToFrozenDictionary(pair => pair.Second, pair => pair.First, StringComparer.OrdinalIgnoreCase);
    }
}
