namespace WebHost;

/// <summary>A part of a list.</summary>
/// <param name="Items">The entries.</param>
/// <param name="Next">Where the next part is; absent with the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Makes pages.</summary>
internal static class Page
{
    /// <summary>A page that says where the next one is when it is full.</summary>
    public static Page<T> Of<T>(IReadOnlyList<T> items, int limit, string path, Func<T, Guid> cursor) =>
        new(items, items.Count == limit ? $"{path}?before={cursor(items[^1])}&limit={limit}" : null);
}
