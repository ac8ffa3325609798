using System.Globalization;

namespace WebHost.Local.Run.Launch;

internal enum LaunchMode
{
    /// <summary>Play the story, then stay up.</summary>
    Story,

    /// <summary>Stay up; no story.</summary>
    Serve,

    /// <summary>Play the story and stop.</summary>
    Exit,
}

/// <summary>What run.sh hands over: the arguments it was given and the servers it has started.</summary>
/// <param name="AdminDatabase">Npgsql connection string of an administrator of the PostgreSQL server.</param>
/// <param name="Blobs">Connection string of the blob store.</param>
internal sealed record LaunchOptions(
    string Root,
    StateFolder State,
    int Port,
    LaunchMode Mode,
    string AdminDatabase,
    string Blobs)
{
    public static LaunchOptions Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var values = new Dictionary<string, string>();
        for (var i = 0; i + 1 < arguments.Count; i += 2)
        {
            values[arguments[i]] = arguments[i + 1];
        }

        return new(
            Argument("--root"),
            new StateFolder(Argument("--state")),
            int.Parse(Argument("--port"), NumberStyles.None, CultureInfo.InvariantCulture),
            Enum.Parse<LaunchMode>(Argument("--mode"), ignoreCase: true),
            Variable("WEBHOST_ADMIN_DATABASE"),
            Variable("WEBHOST_BLOBS"));

        string Argument(string name) => values.TryGetValue(name, out var value)
            ? value
            : throw new ArgumentException($"{name} is missing. Start with ./run.sh.", nameof(arguments));

        string Variable(string name) => environment(name) is { Length: > 0 } value
            ? value
            : throw new ArgumentException($"{name} is not set. Start with ./run.sh.", nameof(environment));
    }
}
