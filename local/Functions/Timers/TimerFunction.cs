using Cronos;

namespace WebHost.Local.Functions;

internal sealed record TimerFunction(LocalFunction Function, string Schedule, CronExpression Expression, bool RunOnStartup)
{
    /// <summary>The schedule in UTC, as on Azure; the end of time when it never comes round again.</summary>
    internal DateTimeOffset NextAfter(DateTimeOffset time) =>
        Expression.GetNextOccurrence(time, TimeZoneInfo.Utc) ?? DateTimeOffset.MaxValue;
}
