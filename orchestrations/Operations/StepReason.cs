namespace WebHost.Operations;

/// <summary>Reasons on their way through an orchestration, whose history keeps all that passes through it.</summary>
internal static class StepReason
{
    // Whoever refuses may be long-winded.
    private const int Longest = 2_000;

    /// <summary>No more of a reason than fits.</summary>
    public static string Cut(string reason) => reason.Length > Longest ? reason[..Longest] + "…" : reason;
}
