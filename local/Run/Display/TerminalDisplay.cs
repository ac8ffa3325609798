using System.Globalization;
using Spectre.Console;
using WebHost.Local.Run.Story;

namespace WebHost.Local.Run.Display;

/// <summary>A terminal: steps change in place, counted work has a bar.</summary>
internal sealed class TerminalDisplay(IAnsiConsole console) : IStoryDisplay
{
    public void Heading(string text)
    {
        console.WriteLine();
        console.Write(new Rule(Markup.Escape(text)) { Justification = Justify.Left, Style = Style.Parse("aqua") });
    }

    /// <summary>As it is: a command to paste must not be wrapped at the terminal's edge.</summary>
    public void Say(string text) => console.Profile.Out.Writer.WriteLine("  " + text);

    public void Verified(string what) => console.MarkupLineInterpolated($"  [green]✓[/] {what}");

    public void Deviation(string what, IReadOnlyList<string> details)
    {
        console.MarkupLineInterpolated($"  [red]✗ {what}[/]");
        foreach (var detail in details)
        {
            console.MarkupLineInterpolated($"    [red]{detail}[/]");
        }
    }

    public Task<Operation> FollowAsync(Func<Action<Operation>, Task<Operation>> work) =>
        console.Live(new Text("")).StartAsync(context => work(operation =>
        {
            context.UpdateTarget(Steps(operation));
            context.Refresh();
        }));

    public Task CountAsync(string what, int total, Func<Action<int>, Task> work) =>
        console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .StartAsync(context =>
            {
                var task = context.AddTask(what, maxValue: total);
                return work(added => task.Increment(added));
            });

    private static Table Steps(Operation operation)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumns("", "", "", "");
        foreach (var step in operation.Steps)
        {
            table.AddRow(
                new Markup("  " + Mark(step)),
                new Text(step.Name),
                new Text(step.Duration is { } duration
                    ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0} ms")
                    : step.State),
                new Text(step.Detail ?? "", Style.Parse("grey")));
        }

        return table;
    }

    private static string Mark(OperationStep step) => step switch
    {
        { State: "succeeded" } => "[green]✓[/]",
        { State: "failed" } => "[red]✗[/]",
        { StartedAt: not null, FinishedAt: null } => "[yellow]▸[/]",
        _ => "[grey]·[/]",
    };
}
