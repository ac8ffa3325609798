using WebHost.Local.Run.Display;

namespace WebHost.Local.Run.Story;

/// <summary>Checks what was found against what was expected, says either outcome aloud, and counts.</summary>
internal sealed class Verifier(IStoryDisplay display)
{
    private const int DifferencesShown = 5;

    public int Verified { get; private set; }

    public int Deviations { get; private set; }

    public void Equal<T>(string what, T expected, T found) =>
        None(what, EqualityComparer<T>.Default.Equals(expected, found) ? [] : [$"expected {expected}, found {found}"]);

    /// <summary>Holds when there is no difference; each is a sentence with the expected and the found value.</summary>
    public void None(string what, IReadOnlyList<string> differences)
    {
        if (differences.Count == 0)
        {
            Verified++;
            display.Verified(what);
            return;
        }

        Deviations++;
        var more = differences.Count - DifferencesShown;
        display.Deviation(
            what,
            [.. differences.Take(DifferencesShown), .. more > 0 ? new[] { $"and {more} more" } : []]);
    }
}
