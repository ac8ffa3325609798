using Microsoft.AspNetCore.Http;

namespace WebHost;

/// <summary>A part of a list.</summary>
/// <param name="Items">The entries.</param>
/// <param name="Next">Where the next part is; absent with the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Makes pages, and the links from one to the next.</summary>
internal static class Page
{
    /// <summary>A page that says where the next one is when it is full.</summary>
    public static Page<T> Of<T>(IReadOnlyList<T> items, int limit, string path, Func<T, Guid> cursor) =>
        new(items, items.Count == limit ? $"{path}?before={cursor(items[^1])}&limit={limit}" : null);

    /// <summary>Where the next page of the same query is.</summary>
    /// <param name="request">The request for this page.</param>
    /// <param name="path">The path of the list.</param>
    /// <param name="after">The cursor: where this page ends.</param>
    /// <param name="kept">The query parameters that the next page has in common with this one. Others may be secret.</param>
    public static string Next(HttpRequest request, string path, string after, params IEnumerable<string> kept) =>
        path + QueryString.Create(kept
            .Select(name => KeyValuePair.Create(name, (string?)request.Query[name].ToString()))
            .Where(parameter => parameter.Value!.Length > 0)
            .Append(KeyValuePair.Create("after", (string?)after)));
}
