using System.Globalization;
using WebHost.Local.Run.Launch;
using WebHost.Local.Run.Story;

namespace WebHost.Local.Run.Display;

/// <summary>The last page: what was verified, where everything is, and commands to paste.</summary>
internal sealed class Guide(IStoryDisplay display, LaunchOptions options, ConnectionFile connection)
{
    public void Write(StoryOutcome? outcome, bool complete, TimeSpan elapsed)
    {
        if (options.Mode != LaunchMode.Serve)
        {
            display.Heading(complete ? "The whole story was verified" : "The story did not go as it must");
        }

        if (outcome is not null)
        {
            display.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"{outcome.Fleets.Count} fleets, {outcome.Fleets.Sum(fleet => fleet.Points)} points, "
                + $"{outcome.Verified} checks passed, {outcome.Deviations} failed, {elapsed.TotalSeconds:0.0} s since the start"));
        }

        if (!complete)
        {
            display.Say($"Logs: {options.State.Log("host")} and {options.State.Log("simulators")}");
        }

        if (options.Mode != LaunchMode.Exit)
        {
            WhereToGo(outcome);
        }
    }

    private void WhereToGo(StoryOutcome? outcome)
    {
        var url = connection.Url.OriginalString;
        display.Heading("Where to go");
        display.Say($"Application   {url}    simulators {connection.SimulatorsUrl.OriginalString}");
        display.Say($"For scripts   {options.State.ConnectionFile}");
        display.Say($"Logs          {options.State.Log("host")}");
        display.Say("");
        display.Say("As the operator:");
        display.Say($"  curl -H 'x-functions-key: {connection.OperatorKey}' {url}/api/tenants");
        display.Say($"  curl -H 'x-functions-key: {connection.OperatorKey}' {url}/api/health");
        foreach (var fleet in outcome?.Fleets ?? [])
        {
            display.Say($"As {fleet.Plan.Company}:");
            display.Say($"  curl -H 'Authorization: Bearer {fleet.Key}' {url}/api/tenants/{fleet.Tenant.Id}/positions");
        }

        display.Say("");
        display.Say("Ctrl-C stops everything.");
    }
}
