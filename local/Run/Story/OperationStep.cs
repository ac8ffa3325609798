namespace WebHost.Local.Run.Story;

internal sealed record OperationStep(
    int Number,
    string Name,
    string State,
    DateTimeOffset? StartedAt = null,
    DateTimeOffset? FinishedAt = null,
    int Attempts = 0,
    string? Detail = null)
{
    public TimeSpan? Duration => FinishedAt - StartedAt;
}
