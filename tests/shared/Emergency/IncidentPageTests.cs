using System.Text.Json;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using WebHost.Backups;
using WebHost.Emergency;
using WebHost.Json;

namespace WebHost.Tests.Emergency;

public sealed class IncidentPageTests
{
    // What a customer may be called, and what a server may answer.
    private const string Hostile = "Ed's \"<script>alert(1)</script>\"><img src=x onerror=alert(1)>&lt;!-- ü";

    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Page_is_valid_and_refers_to_nothing_outside()
    {
        var page = Parse(Everything(Hostile));

        Assert.Empty(page.QuerySelectorAll("script, img, link, iframe, object, embed, base, form, a, svg, meta[http-equiv]"));
        Assert.All(
            page.All.SelectMany(element => element.Attributes),
            attribute => Assert.Contains(attribute.Name, (string[])["lang", "charset", "name", "content", "class", "colspan"]));
        var style = Assert.Single(page.QuerySelectorAll("style")).TextContent;
        Assert.DoesNotContain("url(", style, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", style, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Whatever_comes_from_outside_is_read_as_it_was_written()
    {
        var page = Parse(Everything(Hostile));

        Assert.Equal($"Incident report: {Hostile}", page.Title);
        Assert.StartsWith(Hostile, page.QuerySelector("header p")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(Hostile, page.QuerySelector("header + p")!.TextContent);
        Assert.Equal([Hostile], Items(page, "What was lost"));
        Assert.Equal([Hostile], Items(page, "Cause, as far as the evidence goes"));
        Assert.Contains(Items(page, "How the history was brought back"), item => item.Contains($"{Hostile} of 2026-11-19 came", StringComparison.Ordinal) && item.EndsWith(Hostile, StringComparison.Ordinal));
        Assert.Equal(["2026-11-20 12:00:00", Hostile, Hostile], Cells(page, "What happened when", row: 0));
        Assert.Equal([Hostile, "90", $"100 {Hostile}", "near"], Cells(page, "Limits", row: 0));
        Assert.Equal(["3", Hostile, "came back, was fenced and compared", "2026-11-20 13:00:00"], Cells(page, "What became of the lost home", row: 0));
        Assert.Contains($"{Hostile}: 1 added, 2 changed, 3 deleted", string.Join(' ', Cells(page, "What became of the lost home", row: 1)), StringComparison.Ordinal);
        var conflict = JsonSerializer.Deserialize<MergeConflict>(page.QuerySelector("pre")!.TextContent, JsonText.Options)!;
        Assert.Equal((Hostile, Hostile), (conflict.Table, conflict.Source!.Value.GetProperty("name").GetString()));
    }

    [Fact]
    public void Page_has_every_section_in_the_order_in_which_it_is_read() => Assert.Equal(
        [
            "What was lost", "Cause, as far as the evidence goes", "How the history was brought back", "What became of the lost home",
            "What happened when", "Limits",
        ],
        Parse(Everything("Acme")).QuerySelectorAll("h2").Select(heading => heading.TextContent));

    [Fact]
    public void Page_of_a_failover_that_has_restored_nothing_yet_is_preliminary_and_promises_nothing()
    {
        var page = Parse(Everything("Acme") with
        {
            IsFinal = false,
            Times = new IncidentTimes(null, Noon, null, null, null),
            Restored = null,
            Verified = null,
            Lost = [],
            Cause = [],
            Homes = [],
        });

        Assert.Contains("Preliminary report", page.QuerySelector("header .quiet")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("Nothing is known to be lost.", Heading(page, "What was lost").NextElementSibling!.TextContent);
        Assert.Equal("Unknown.", Heading(page, "Cause, as far as the evidence goes").NextElementSibling!.TextContent);
        Assert.DoesNotContain("How the history was brought back", page.QuerySelectorAll("h2").Select(heading => heading.TextContent));
        Assert.Equal(["…", "…", "…", "…"], page.QuerySelectorAll(".figure b").Select(figure => figure.TextContent));
        Assert.Equal([true, true, false, false], page.QuerySelectorAll(".figure").Select(figure => figure.ClassList.Contains("bad")));
        Assert.Empty(page.QuerySelectorAll(".figure.good"));
    }

    [Fact]
    public void Page_of_a_failover_that_lost_nothing_is_final_and_says_so_with_its_figures()
    {
        var page = Parse(Everything("Acme") with { Lost = [] });

        Assert.Contains("Final report", page.QuerySelector("header .quiet")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("Nothing.", Heading(page, "What was lost").NextElementSibling!.TextContent);
        Assert.Equal(
            [("4.5 s", "until points were taken again"), ("15.0 min", "until the history was whole"),
             ("12,345", "points brought back from the journal"), ("Nothing", "lost")],
            page.QuerySelectorAll(".figure").Select(figure => (figure.Children[0].TextContent, figure.Children[1].TextContent)));
    }

    [Fact]
    public void Something_lost_is_counted_and_marked()
    {
        var figure = Parse(Everything("Acme") with { Lost = ["This.", "That."] }).QuerySelectorAll(".figure")[^1];

        Assert.Equal("2", figure.Children[0].TextContent);
        Assert.True(figure.ClassList.Contains("bad"));
    }

    [Theory]
    [InlineData(HomeOutcome.Awaited, "does not answer; it is waited for")]
    [InlineData(HomeOutcome.Gone, "gone: its server has nothing of the tenant any more")]
    [InlineData(HomeOutcome.GivenUp, "given up")]
    [InlineData(HomeOutcome.NeverServed, "never served")]
    public void Every_outcome_of_a_home_is_said_in_words(HomeOutcome outcome, string said)
    {
        var page = Parse(Everything("Acme") with { Homes = [new IncidentHome(3, "Hetzner", outcome, null, null)] });

        Assert.Equal(["3", "Hetzner", said, ""], Cells(page, "What became of the lost home", row: 0));
    }

    [Fact]
    public void Home_that_came_back_with_nothing_new_is_said_to_have_had_nothing()
    {
        var report = Reconciled("vehicles") with { Tables = [new ReconciledTable("vehicles")], ConflictCount = 0, Conflicts = [] };

        var page = Parse(Everything("Acme") with
        {
            Homes = [new IncidentHome(3, "Hetzner", HomeOutcome.Reconciled, Noon, JsonSerializer.SerializeToElement(report, JsonText.Options))],
        });

        Assert.Equal(["", "It had nothing that the new home lacks."], Cells(page, "What became of the lost home", row: 1));
    }

    private static IncidentReport Everything(string said) => new()
    {
        OperationId = Guid.CreateVersion7(),
        TenantId = Guid.CreateVersion7(),
        Company = said,
        IsFinal = true,
        WrittenAt = Noon.AddDays(1),
        Summary = said,
        Cause = [said],
        Times = new IncidentTimes(Noon, Noon, Noon.AddSeconds(4.5), Noon.AddMinutes(15), Noon.AddDays(1)),
        Timeline = [new IncidentEvent(Noon, said, said)],
        Restored = new RestoredHistory(
            Guid.CreateVersion7(), Noon.AddHours(-9), 100_000,
            [new ReplacedPart(said, new DateOnly(2026, 11, 19), said, Guid.CreateVersion7())],
            12_345, Noon.AddHours(-9), 1, [said], 60),
        Verified = new VerifiedHistory(12_345, 1, 2, 1, [said], Noon.AddMinutes(15)),
        Lost = [said],
        Homes =
        [
            new IncidentHome(
                3, said, HomeOutcome.Reconciled, Noon.AddHours(1), JsonSerializer.SerializeToElement(Reconciled(said), JsonText.Options)),
        ],
        Limits = [new IncidentLimit(said, 90, 100, said)],
    };

    private static ReconciliationReport Reconciled(string said) => new()
    {
        FencedEpoch = 1,
        Tables = [new ReconciledTable(said) { Added = 1, Changed = 2, Deleted = 3 }],
        ConflictCount = 1,
        Conflicts =
        [
            new MergeConflict(
                said,
                JsonSerializer.SerializeToElement(new { vehicle_id = said }),
                MergeConflictReason.BothChanged,
                JsonSerializer.SerializeToElement(new { name = said }),
                null,
                Noon,
                null),
        ],
        FinishedAt = Noon.AddHours(1),
        Duration = TimeSpan.FromSeconds(3),
    };

    // Strict: a page that no browser has to guess at.
    private static IHtmlDocument Parse(IncidentReport report) =>
        new HtmlParser(new HtmlParserOptions { IsStrictMode = true }).ParseDocument(IncidentPage.Render(report));

    private static IElement Heading(IHtmlDocument page, string title) =>
        page.QuerySelectorAll("h2").Single(heading => heading.TextContent == title);

    private static IEnumerable<string> Items(IHtmlDocument page, string title) =>
        Heading(page, title).NextElementSibling!.QuerySelectorAll("li").Select(item => item.TextContent);

    private static IEnumerable<string> Cells(IHtmlDocument page, string title, int row) =>
        Heading(page, title).NextElementSibling!.QuerySelectorAll("tbody tr")[row].Children.Select(cell => cell.TextContent);
}
