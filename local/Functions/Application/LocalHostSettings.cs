using Microsoft.Extensions.Configuration;

namespace WebHost.Local.Functions;

/// <summary>What only this host needs to be told, in the settings that begin with <c>LocalHost__</c>.</summary>
internal sealed record LocalHostSettings
{
    internal const string Section = "LocalHost";

    /// <summary>The PostgreSQL database of the task hub and of the timers.</summary>
    public string? Database { get; init; }

    /// <summary>The IP address to listen on.</summary>
    public string Address { get; init; } = "127.0.0.1";

    public int Port { get; init; } = 7071;

    /// <summary>The largest request body in bytes; the default is what Azure Functions accepts.</summary>
    public long MaxRequestBodySize { get; init; } = 100 * 1024 * 1024;

    internal static LocalHostSettings Read(IConfiguration configuration) =>
        configuration.GetSection(Section).Get<LocalHostSettings>() ?? new LocalHostSettings();
}
