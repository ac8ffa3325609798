using Microsoft.Extensions.Logging;

namespace WebHost.Local.DurableTask.Tests;

internal static partial class TestMessages
{
    [LoggerMessage(1, LogLevel.Information, "step {Number}")]
    public static partial void Say(this ILogger logger, int number);
}
