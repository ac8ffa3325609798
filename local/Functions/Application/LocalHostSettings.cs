using System.Net;
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

    /// <exception cref="LocalStartException">A setting cannot be read; the message names it.</exception>
    internal static LocalHostSettings Read(IConfiguration configuration)
    {
        LocalHostSettings settings;
        try
        {
            settings = configuration.GetSection(Section).Get<LocalHostSettings>() ?? new LocalHostSettings();
        }
        catch (InvalidOperationException exception)
        {
            throw new LocalStartException(exception.Message, exception);
        }

        if (!IPAddress.TryParse(settings.Address, out _))
        {
            throw new LocalStartException($"The setting LocalHost__Address is '{settings.Address}', which is no IP address.");
        }

        if (settings.Port is < 0 or > IPEndPoint.MaxPort)
        {
            throw new LocalStartException($"The setting LocalHost__Port is {settings.Port}, which is no port.");
        }

        return settings;
    }
}
