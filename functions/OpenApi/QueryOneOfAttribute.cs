using WebHost.Json;

namespace WebHost.OpenApi;

/// <summary>A query parameter that takes one of a few words.</summary>
public abstract class QueryOneOfAttribute(string name, IReadOnlyList<string> words) : Attribute
{
    /// <summary>The parameter.</summary>
    public string Name { get; } = name;

    /// <summary>The words.</summary>
    public IReadOnlyList<string> Words { get; } = words;
}

/// <summary>A query parameter that takes one of an enumeration's names.</summary>
/// <param name="name">The parameter.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QueryOneOfAttribute<T>(string name) : QueryOneOfAttribute(name, WireName.All<T>())
    where T : struct, Enum;
