using Microsoft.Extensions.Logging;

namespace WebHost.Local.SampleApp;

internal static partial class Logs
{
    [LoggerMessage(1, LogLevel.Information, "Handled {Body}")]
    internal static partial void Handled(ILogger logger, string body);
}
