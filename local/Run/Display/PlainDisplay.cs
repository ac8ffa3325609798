using System.Globalization;
using WebHost.Local.Run.Story;

namespace WebHost.Local.Run.Display;

/// <summary>One line an event, for logs and pipes.</summary>
internal sealed class PlainDisplay(TextWriter output) : IStoryDisplay
{
    public void Heading(string text)
    {
        output.WriteLine();
        output.WriteLine(text);
    }

    public void Say(string text) => output.WriteLine("  " + text);

    public void Verified(string what) => output.WriteLine("  ok    " + what);

    public void Deviation(string what, IReadOnlyList<string> details)
    {
        output.WriteLine("  FAIL  " + what);
        foreach (var detail in details)
        {
            output.WriteLine("        " + detail);
        }
    }

    public Task<Operation> FollowAsync(Func<Action<Operation>, Task<Operation>> work)
    {
        var shown = new HashSet<int>();
        return work(operation =>
        {
            foreach (var step in operation.Steps.Where(step => step.FinishedAt is not null && shown.Add(step.Number)))
            {
                Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{step.Number,2}. {step.Name}: {step.State} in {step.Duration?.TotalMilliseconds:0} ms{Attempts(step)}{Detail(step)}"));
            }
        });
    }

    public Task CountAsync(string what, int total, Func<Action<int>, Task> work) => work(_ => { });

    private static string Attempts(OperationStep step) => step.Attempts > 1
        ? string.Create(CultureInfo.InvariantCulture, $", {step.Attempts} attempts")
        : "";

    private static string Detail(OperationStep step) => step.Detail is { Length: > 0 } ? $" ({step.Detail})" : "";
}
