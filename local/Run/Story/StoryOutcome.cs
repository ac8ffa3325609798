namespace WebHost.Local.Run.Story;

/// <param name="Fleets">Those that signed up and drove.</param>
internal sealed record StoryOutcome(IReadOnlyList<RegisteredFleet> Fleets, int Verified, int Deviations)
{
    public bool IsComplete => Deviations == 0;
}
