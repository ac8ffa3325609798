using System.Text.Json;

namespace WebHost.Scenarios.Callers;

internal static class JsonExtensions
{
    /// <summary>A member that must be text.</summary>
    public static string Text(this JsonElement element, string member) =>
        element.GetProperty(member).GetString() ?? throw new JsonException($"{member} is null in {element}");

    /// <summary>A member that may be absent or null.</summary>
    public static string? MaybeText(this JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
