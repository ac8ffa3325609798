using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using WebHost.Json;

namespace WebHost.Emergency;

/// <summary>The report of an incident as a page of HTML that needs nothing else: to be read, printed or sent on.</summary>
public static class IncidentPage
{
    private const string Style =
        """
        :root { color-scheme: light; --ink: #1b2430; --quiet: #5b6776; --line: #dfe4ea; --good: #1d7a46; --bad: #b3362c; --tint: #f5f7f9; }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--tint); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
        main { max-width: 60rem; margin: 2rem auto; padding: 2.5rem 3rem; background: #fff; border: 1px solid var(--line); border-radius: 10px; }
        header { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; padding-bottom: 1rem; }
        h1 { margin: 0 0 .25rem; font-size: 1.7rem; line-height: 1.25; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
        p { margin: .5rem 0; } .quiet { color: var(--quiet); font-size: .9rem; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 1.5rem 0; }
        .figure { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; }
        .figure b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; } .figure span { color: var(--quiet); font-size: .85rem; }
        .good b, td.good { color: var(--good); } .bad b, td.bad { color: var(--bad); }
        table { width: 100%; border-collapse: collapse; font-size: .92rem; } th { text-align: left; color: var(--quiet); font-weight: 600; }
        th, td { padding: .45rem .7rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        td.time { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--quiet); } td.by { white-space: nowrap; }
        ul { margin: .4rem 0; padding-left: 1.2rem; } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; font-size: .82rem; }
        @media (max-width: 45rem) { main { margin: 0; border: 0; border-radius: 0; padding: 1.5rem 1.1rem; } td.by, th.by { display: none; } }
        @media print { body { background: #fff; } main { margin: 0; border: 0; padding: 0; max-width: none; } }
        """;

    /// <summary>Renders a report.</summary>
    public static string Render(IncidentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Incident report: {Text(report.Company)}</title><style>{Style}</style></head><body><main>");
        page.Append(CultureInfo.InvariantCulture, $"<header><h1>Incident report</h1><p>{Text(report.Company)} · {Time(report.Times.FirstSeen ?? report.Times.Accepted)}</p>");
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"quiet\">{(report.IsFinal ? "Final report" : "Preliminary report: the incident is not closed yet")}, written {Time(report.WrittenAt)}. Operation {report.OperationId}, tenant {report.TenantId}. All times are UTC.</p></header>");
        page.Append(CultureInfo.InvariantCulture, $"<p>{Text(report.Summary)}</p>");
        RenderFigures(page, report);
        RenderList(page, "What was lost", report.Lost, report.Verified is null ? "Nothing is known to be lost." : "Nothing.");
        RenderList(page, "Cause, as far as the evidence goes", report.Cause, "Unknown.");
        RenderRecovery(page, report);
        RenderHomes(page, report);
        RenderTimeline(page, report);
        RenderLimits(page, report);
        return page.Append("</main></body></html>").ToString();
    }

    private static void RenderFigures(StringBuilder page, IncidentReport report)
    {
        page.Append("<div class=\"figures\">");
        Figure("until points were taken again", Span(report.Times.SecondsToIngest), report.Times.Switched is not null);
        Figure("until the history was whole", Span(report.Times.SecondsToFullHistory), report.Times.Restored is not null);
        Figure("points brought back from the journal", Number(report.Restored?.Points), isGood: null);
        Figure(
            report.Lost.Count == 0 ? "lost" : "to look at below",
            report.Verified is null ? "…" : report.Lost.Count == 0 ? "Nothing" : Number(report.Lost.Count),
            report.Verified is null ? null : report.Lost.Count == 0);
        page.Append("</div>");

        void Figure(string name, string value, bool? isGood) => page.Append(
            CultureInfo.InvariantCulture,
            $"<div class=\"figure{(isGood is { } good ? good ? " good" : " bad" : "")}\"><b>{Text(value)}</b><span>{Text(name)}</span></div>");
    }

    private static void RenderList(StringBuilder page, string title, IReadOnlyList<string> items, string otherwise)
    {
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(title)}</h2>");
        if (items.Count == 0)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>{Text(otherwise)}</p>");
            return;
        }

        page.Append("<ul>").AppendJoin("", items.Select(item => $"<li>{Text(item)}</li>")).Append("</ul>");
    }

    private static void RenderRecovery(StringBuilder page, IncidentReport report)
    {
        if (report.Restored is not { } restored)
        {
            return;
        }

        var told = new List<string> { restored.Describe() };
        if (restored.BackupFinishedAt is { } finished)
        {
            told.Add($"The backup was finished {Time(finished)}; everything accepted later is in the journal.");
        }

        told.AddRange(restored.Replaced.Where(part => part.TakenFrom is not null).Select(part => string.Create(
            CultureInfo.InvariantCulture,
            $"{part.Table}{(part.Day is { } day ? $" of {day:yyyy-MM-dd}" : "")} came from the older backup {part.TakenFrom}, since the newest is damaged there: {part.Fault}")));
        if (report.Verified is { } verified)
        {
            told.Add($"{verified.Describe()} ({verified.Readings} {(verified.Readings == 1 ? "reading" : "readings")}, {Time(verified.At)})");
        }

        RenderList(page, "How the history was brought back", told, "");
    }

    private static void RenderHomes(StringBuilder page, IncidentReport report)
    {
        page.Append("<h2>What became of the lost home</h2><table><thead><tr><th>Home</th><th>Where</th><th>Outcome</th><th>When</th></tr></thead><tbody>");
        foreach (var home in report.Homes)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{home.Home}</td><td>{Text(home.Place)}</td><td>{Text(Describe(home.Outcome))}</td><td class=\"time\">{(home.OutcomeAt is { } at ? Time(at) : "")}</td></tr>");
            if (home.Report is { } found)
            {
                page.Append(CultureInfo.InvariantCulture, $"<tr><td></td><td colspan=\"3\">{Reconciled(found)}</td></tr>");
            }
        }

        page.Append("</tbody></table>");
    }

    private static string Reconciled(JsonElement found)
    {
        if (found.Deserialize<ReconciliationReport>(JsonText.Options) is not { } report)
        {
            return "";
        }

        var fetched = report.Tables.Where(table => table.Added + table.Changed + table.Deleted + table.Different > 0).ToList();
        var html = new StringBuilder();
        html.Append(fetched.Count == 0
            ? "<p>It had nothing that the new home lacks.</p>"
            : "<p>Fetched from it: " + Text(string.Join("; ", fetched.Select(table => string.Create(
                CultureInfo.InvariantCulture,
                $"{table.Table}: {table.Added:N0} added, {table.Changed:N0} changed, {table.Deleted:N0} deleted")))) + ".</p>");
        if (report.ConflictCount > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>{report.ConflictCount:N0} changes were made on both sides and need a decision; the new home's version stands:</p><ul>");
            foreach (var conflict in report.Conflicts)
            {
                html.Append(CultureInfo.InvariantCulture, $"<li><pre>{Text(JsonSerializer.Serialize(conflict, JsonText.Options))}</pre></li>");
            }

            html.Append("</ul>");
        }

        return html.ToString();
    }

    private static void RenderTimeline(StringBuilder page, IncidentReport report)
    {
        page.Append("<h2>What happened when</h2><table><thead><tr><th>Time</th><th class=\"by\">Noted by</th><th>What</th></tr></thead><tbody>");
        foreach (var happened in report.Timeline)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"time\">{Time(happened.At)}</td><td class=\"by\">{Text(happened.By)}</td><td>{Text(happened.Text)}</td></tr>");
        }

        page.Append("</tbody></table>");
    }

    private static void RenderLimits(StringBuilder page, IncidentReport report)
    {
        page.Append("<h2>Limits</h2><table><thead><tr><th>Limit</th><th>Used</th><th>Of</th><th></th></tr></thead><tbody>");
        foreach (var limit in report.Limits)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(limit.Name)}</td><td>{limit.Used:#,0.#}</td><td>{limit.Limit:#,0.#} {Text(limit.Unit)}</td><td class=\"{(limit.IsNear ? "bad" : "good")}\">{(limit.IsNear ? "near" : "far")}</td></tr>");
        }

        page.Append("</tbody></table>");
    }

    private static string Describe(HomeOutcome outcome) => outcome switch
    {
        HomeOutcome.Awaited => "does not answer; it is waited for",
        HomeOutcome.Reconciled => "came back, was fenced and compared",
        HomeOutcome.Gone => "gone: its server has nothing of the tenant any more",
        HomeOutcome.GivenUp => "given up",
        _ => "never served",
    };

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Time(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Number(double? value) => value?.ToString("#,0", CultureInfo.InvariantCulture) ?? "…";

    private static string Span(double? seconds) => seconds switch
    {
        null => "…",
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.0} min"),
    };
}
