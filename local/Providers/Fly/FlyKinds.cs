using WebHost.Local.Providers.Http;
using WebHost.Local.Providers.State;

namespace WebHost.Local.Providers.Fly;

/// <summary>What Fly keeps, and how its parts are looked up.</summary>
internal static class FlyKinds
{
    public const string App = "fly.app";
    public const string Ip = "fly.ip";
    public const string Volume = "fly.volume";
    public const string Machine = "fly.machine";
    public const string Certificate = "fly.certificate";
    public const string AddOn = "fly.addon";

    /// <summary>All changes within one app happen one after the other.</summary>
    public static string Scope(string app) => $"fly {app}";

    /// <exception cref="Refusal">There is no such app.</exception>
    public static async Task<Resource> AppAsync(this ResourceSession session, string name) =>
        await session.FindAsync(App, name)
        ?? throw new Refusal(StatusCodes.Status404NotFound, "unknown", "App not found");

    /// <exception cref="Refusal">There is no such machine in that app.</exception>
    public static async Task<Resource> MachineAsync(this ResourceSession session, string app, string id) =>
        await session.FindAsync(Machine, id) is { } machine && machine.Parent == app
            ? machine
            : throw new Refusal(StatusCodes.Status404NotFound, "unknown", "machine not found");

    public static string Now() => DateTime.UtcNow.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
}
