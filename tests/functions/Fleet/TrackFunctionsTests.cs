using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using WebHost.Fleet;
using WebHost.Functions.Tests.Callers;
using WebHost.Placement;
using WebHost.Problems;
using WebHost.Tests.Placement;

namespace WebHost.Functions.Tests.Fleet;

public sealed class TrackFunctionsTests(ControlFixture fixture) : IClassFixture<ControlFixture>
{
    // A triangle about the first points.
    private const string Triangle = """{"type":"Polygon","coordinates":[[[13.995,45.99],[14.0045,45.99],[14.0,46.01],[13.995,45.99]]]}""";

    private static readonly DateTime Begin = DateTime.UtcNow.Date.AddDays(-2);
    private static readonly Guid Device = Guid.CreateVersion7();

    private TrackFunctions Tracks => new(TestCallers.For(fixture), new TrackReader(fixture.NewSessions()));

    private PointFunctions Points => new(
        TestCallers.For(fixture), new PlacementStore(fixture.Control), new TrackReader(fixture.NewSessions()));

    [Theory]
    [InlineData("?bbox=13.999,45.9,14.0025,46.1", 3)]
    [InlineData("?bbox=14.0025,45.9,14.005,46.1", 3)]
    [InlineData("?bbox=14.005,45.9,13.9,46.1", 95)]
    [InlineData($"?within={Triangle}", 3)]
    [InlineData("?bbox=-180,-90,180,90&from={day}T00:00:50Z&to={day}T00:01:00Z", 10)]
    public async Task Points_are_those_within_the_box_or_polygon(string query, int expected)
    {
        var tenant = await AddDriveAsync();

        var found = await ReadAsync(tenant, query);

        Assert.Equal(expected, found.GetProperty("features").GetArrayLength());
        Assert.False(found.TryGetProperty("next", out _));
        Assert.All(found.GetProperty("features").EnumerateArray(), feature =>
            Assert.Equal(Device, feature.GetProperty("properties").GetProperty("deviceId").GetGuid()));
    }

    [Fact]
    public async Task Search_with_a_polygon_in_the_body_finds_the_same()
    {
        var tenant = await AddDriveAsync();
        var request = TestCallers.OperatorRequest(body: $$"""{"within":{{Triangle}}}""");

        var result = await Points.Search(request, tenant.TenantId, default);

        Assert.Equal(
            (await ReadAsync(tenant, $"?within={Triangle}")).GetRawText(), (await AnswerAsync(request, result)).GetRawText());
    }

    [Fact]
    public async Task Pages_lead_to_each_other_with_the_same_question_and_without_the_key()
    {
        var tenant = await AddDriveAsync();
        var seen = new List<string>();
        var query = $"?within={Uri.EscapeDataString(Triangle)}&from=2000-01-01&limit=2&code=secret";

        while (query.Length > 0)
        {
            var page = await ReadAsync(tenant, query);
            seen.AddRange(page.GetProperty("features").EnumerateArray().Select(feature => feature.GetProperty("properties").GetProperty("time").GetString()!));
            query = page.TryGetProperty("next", out var next) ? next.GetString()![next.GetString()!.IndexOf('?', StringComparison.Ordinal)..] : "";
            Assert.DoesNotContain("secret", query, StringComparison.Ordinal);
        }

        Assert.Equal(Enumerable.Range(0, 3).Select(second => $"{Begin:yyyy-MM-dd}T00:00:0{second}Z"), seen);
    }

    [Theory]
    [InlineData("", "bbox")]
    [InlineData("?bbox=1,2,3", "bbox")]
    [InlineData("?bbox=1,2,3,4,5", "bbox")]
    [InlineData("?bbox=a,2,3,4", "bbox")]
    [InlineData("?bbox=NaN,2,3,4", "bbox")]
    [InlineData("?bbox=1,50,3,40", "bbox")]
    [InlineData("?bbox=1,40,1,50", "bbox")]
    [InlineData("?bbox=-181,40,1,50", "bbox")]
    [InlineData("?bbox=1,2,3,4&within={}", "within")]
    [InlineData("?within={", "within")]
    [InlineData("?bbox=1,2,3,4&after=yesterday", "after")]
    [InlineData("?bbox=1,2,3,4&limit=0", "limit")]
    [InlineData("?bbox=1,2,3,4&from=2026-01-02&to=2026-01-01", "to")]
    public async Task A_malformed_question_answers_400_that_names_what_is_wrong(string query, string member)
    {
        var tenant = await fixture.AddRoutedTenantAsync();

        var refused = await Assert.ThrowsAsync<ProblemException>(() => ReadAsync(tenant, query));

        Assert.Equal((400, member), (refused.Status, refused.Errors!.Keys.Single()));
    }

    [Fact]
    public async Task A_polygon_with_faults_answers_422_that_names_them()
    {
        var tenant = await fixture.AddRoutedTenantAsync();

        var refused = await Assert.ThrowsAsync<ProblemException>(
            () => ReadAsync(tenant, """?within={"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]}"""));

        Assert.Equal((422, "within.coordinates"), (refused.Status, refused.Errors!.Keys.Single()));
    }

    [Fact]
    public async Task A_polygon_with_a_text_that_cannot_be_read_answers_422()
    {
        var tenant = await fixture.AddRoutedTenantAsync();

        var refused = await Assert.ThrowsAsync<ProblemException>(() => ReadAsync(tenant, """?within={"type":"\ud800"}"""));

        Assert.Equal((422, "within"), (refused.Status, refused.Errors!.Keys.Single()));
    }

    [Theory]
    [InlineData("?simplify=50", 2)]
    [InlineData("?limit=50&simplify=50", 2)]
    [InlineData("?bbox=13.999,45.9,14.0025,46.1", 3)]
    [InlineData("?limit=100", 100)]
    public async Task A_track_is_simplified_and_cut_as_asked(string query, int expected)
    {
        var tenant = await AddDriveAsync();

        var track = await TrackAsync(tenant, query);

        Assert.Equal(expected, track.GetProperty("features").GetArrayLength());
    }

    [Fact]
    public async Task A_simplified_track_goes_on_where_its_page_ended()
    {
        var tenant = await AddDriveAsync();

        var first = await TrackAsync(tenant, "?limit=60&simplify=50");
        var next = first.GetProperty("next").GetString()!;
        var second = await TrackAsync(tenant, next[next.IndexOf('?', StringComparison.Ordinal)..]);

        Assert.Equal(["00:00:00Z", "00:00:59Z"], Times(first));
        Assert.Equal(["00:01:00Z", "00:01:39Z"], Times(second));
        Assert.False(second.TryGetProperty("next", out _));
    }

    [Fact]
    public async Task A_line_that_is_cut_says_where_it_goes_on()
    {
        var tenant = await AddDriveAsync();

        var first = await TrackAsync(tenant, "?limit=60&geometry=line");
        var next = first.GetProperty("next").GetString()!;
        var second = await TrackAsync(tenant, next[next.IndexOf('?', StringComparison.Ordinal)..]);

        Assert.Equal(60, first.GetProperty("geometry").GetProperty("coordinates").GetArrayLength());
        Assert.Equal("LineString", second.GetProperty("geometry").GetProperty("type").GetString());
        Assert.Equal(40, second.GetProperty("geometry").GetProperty("coordinates").GetArrayLength());
        Assert.False(second.TryGetProperty("next", out _));
    }

    [Theory]
    [InlineData("?bbox=14.09,45.9,14.2,46.1", 1)]
    [InlineData("?bbox=15,45.9,16,46.1", 0)]
    [InlineData($"?within={Triangle}", 0)]
    public async Task Positions_are_those_within_the_area(string query, int expected)
    {
        var tenant = await AddDriveAsync();
        var request = TestCallers.OperatorRequest(query);

        var result = await Tracks.GetPositions(request, tenant.TenantId, default);

        Assert.Equal(expected, (await AnswerAsync(request, result)).GetProperty("features").GetArrayLength());
    }

    [Fact]
    public async Task Nobody_without_credentials_gets_in()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var request = new DefaultHttpContext().Request;

        Assert.Equal(401, (await Assert.ThrowsAsync<ProblemException>(() => Points.Get(request, tenant.TenantId, default))).Status);
        Assert.Equal(401, (await Assert.ThrowsAsync<ProblemException>(() => Points.Search(request, tenant.TenantId, default))).Status);
    }

    private static IEnumerable<string> Times(JsonElement collection) =>
        collection.GetProperty("features").EnumerateArray()
            .Select(feature => feature.GetProperty("properties").GetProperty("time").GetString()![11..]);

    private static async Task<JsonElement> AnswerAsync(HttpRequest request, IActionResult result)
    {
        Assert.IsType<EmptyResult>(result);
        var body = request.HttpContext.Response.Body;
        body.Position = 0;
        using var json = await JsonDocument.ParseAsync(body);
        return json.RootElement.Clone();
    }

    private async Task<JsonElement> ReadAsync(TenantPlacement tenant, string query)
    {
        var request = TestCallers.OperatorRequest(
            query.Replace("{day}", Begin.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), StringComparison.Ordinal));
        return await AnswerAsync(request, await Points.Get(request, tenant.TenantId, default));
    }

    private async Task<JsonElement> TrackAsync(TenantPlacement tenant, string query)
    {
        var request = TestCallers.OperatorRequest(query);
        return await AnswerAsync(request, await Tracks.GetTrack(request, tenant.TenantId, Device, default));
    }

    // A hundred points, one a second, straight east.
    private async Task<TenantPlacement> AddDriveAsync()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        await fixture.RunAsync("SELECT fleet.ensure_partition($1::date)", Begin);
        await fixture.RunAsync(
            """
            WITH drive AS (
                INSERT INTO fleet.points (customer_id, device_id, fix_time, position, received_at)
                SELECT $1, $2, $3 + n * interval '1 s', ST_SetSRID(ST_MakePoint(14 + 0.001 * n, 46), 4326), now()
                FROM generate_series(0, 99) n RETURNING *)
            INSERT INTO fleet.positions (customer_id, device_id, fix_time, position, received_at)
            SELECT customer_id, device_id, fix_time, position, received_at FROM drive ORDER BY fix_time DESC LIMIT 1
            """,
            tenant.TenantId, Device, Begin);
        return tenant;
    }
}
