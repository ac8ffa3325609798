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
    /// <param name="request">The request for this page.</param>
    /// <param name="items">What is on it.</param>
    /// <param name="limit">How much a page holds.</param>
    /// <param name="path">The path of the list.</param>
    /// <param name="cursor">The query parameter that names an item, and how it does.</param>
    /// <param name="filters">The query parameters that choose what is listed.</param>
    public static Page<T> Of<T>(
        HttpRequest request,
        IReadOnlyList<T> items,
        int limit,
        string path,
        (string Name, Func<T, string> Of) cursor,
        params IEnumerable<string> filters) =>
        new(items, items.Count == limit ? Next(request, path, (cursor.Name, cursor.Of(items[^1])), filters) : null);

    /// <summary>Where the next page of the same query is.</summary>
    /// <param name="request">The request for this page.</param>
    /// <param name="path">The path of the list.</param>
    /// <param name="cursor">Where this page ends: name and value of a query parameter.</param>
    /// <param name="filters">The other query parameters that the next page has in common with this one. Others may be secret.</param>
    public static string Next(
        HttpRequest request, string path, (string Name, string Value) cursor, params IEnumerable<string> filters) =>
        path + QueryString.Create(filters.Append("limit")
            .Select(name => KeyValuePair.Create(name, (string?)request.Query[name].ToString()))
            .Where(parameter => parameter.Value!.Length > 0)
            .Append(KeyValuePair.Create(cursor.Name, (string?)cursor.Value)));
}
