using System.Text.Json.Nodes;

namespace WebHost.Local.Providers.State;

/// <summary>Something that exists at a simulated vendor.</summary>
/// <param name="Kind">Vendor and kind, such as <c>fly.machine</c>.</param>
/// <param name="Id">Unique within its kind.</param>
/// <param name="Parent">What it belongs to, such as its app; empty when to nothing.</param>
/// <param name="Body">As the vendor shows it; keys that begin with an underscore are the simulator's own.</param>
internal sealed record Resource(string Kind, string Id, string Parent, string Name, JsonObject Body)
{
    public string? Text(string key) => (string?)Body[key];

    /// <summary>The body without what the vendor would not show.</summary>
    public JsonObject Shown()
    {
        var shown = (JsonObject)Body.DeepClone();
        foreach (var key in Body.Select(field => field.Key).Where(key => key.StartsWith('_')))
        {
            shown.Remove(key);
        }

        return shown;
    }
}
