namespace WebHost.Local.Functions;

internal sealed record TimerState(DateTimeOffset? LastRun, DateTimeOffset NextDue, DateTimeOffset UpdatedAt);
