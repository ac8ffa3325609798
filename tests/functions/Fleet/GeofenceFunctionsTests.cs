using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using WebHost.Fleet;
using WebHost.Functions.Tests.Callers;
using WebHost.Placement;
using WebHost.Problems;
using WebHost.Tests.Placement;

namespace WebHost.Functions.Tests.Fleet;

public sealed class GeofenceFunctionsTests : IClassFixture<ControlFixture>
{
    private const string Triangle = """{"type":"Polygon","coordinates":[[[13.4,52.5],[13.5,52.5],[13.5,52.6],[13.4,52.5]]]}""";
    private const string Content = $$"""{"name":" Yard ","area":{{Triangle}}}""";

    private readonly ControlFixture _fixture;
    private readonly GeofenceFunctions _functions;

    public GeofenceFunctionsTests(ControlFixture fixture)
    {
        _fixture = fixture;
        _functions = new GeofenceFunctions(TestCallers.For(fixture), new GeofenceStore(fixture.NewSessions()));
    }

    [Fact]
    public async Task Put_answers_201_and_then_200_each_with_the_ETag_of_its_version()
    {
        var tenant = await _fixture.AddRoutedTenantAsync();

        var created = await PutAsync(tenant, Content);
        var updated = await PutAsync(tenant, Content, request => request.Headers.IfMatch = created.ETag);

        Assert.Equal((201, "\"1\""), (created.Status, created.ETag));
        Assert.Equal((200, "\"2\""), (updated.Status, updated.ETag));
        Assert.Equal("Yard", updated.Body.GetProperty("name").GetString());
        Assert.Equal(Triangle, updated.Body.GetProperty("area").GetRawText());
    }

    [Theory]
    [InlineData("If-Match", "\"7\"", 412)]
    [InlineData("If-Match", "\"seven\"", 400)]
    [InlineData("If-None-Match", "*", 412)]
    public async Task Put_of_what_is_not_at_the_version_named_changes_nothing(string header, string value, int status)
    {
        var tenant = await _fixture.AddRoutedTenantAsync();
        await PutAsync(tenant, Content);

        var refused = await Assert.ThrowsAsync<ProblemException>(
            () => PutAsync(tenant, Content, request => request.Headers[header] = value));

        Assert.Equal(status, refused.Status);
        Assert.Equal("\"1\"", (await GetAsync(tenant)).ETag);
    }

    [Fact]
    public async Task Put_with_faults_answers_422_that_names_all_of_them()
    {
        var tenant = await _fixture.AddRoutedTenantAsync();

        var refused = await Assert.ThrowsAsync<ProblemException>(() => PutAsync(
            tenant, """{"name":"\u0000","area":{"type":"Polygon","coordinates":[[[0,0],[200,0],[1,1],[0,0]]]}}""", id: "a b"));

        Assert.Equal(422, refused.Status);
        Assert.Equal(["geofenceId", "name", "area.coordinates[0][1]"], refused.Errors!.Keys);
    }

    [Fact]
    public async Task Put_without_an_area_answers_422()
    {
        var tenant = await _fixture.AddRoutedTenantAsync();

        var refused = await Assert.ThrowsAsync<ProblemException>(() => PutAsync(tenant, """{"name":"Yard"}"""));

        Assert.Equal((422, "area"), (refused.Status, refused.Errors!.Keys.Single()));
    }

    [Theory]
    [InlineData("""{"type":"\ud800"}""")]
    [InlineData("""{"\ud800 as the name of a member":1}""")]
    public async Task Put_of_an_area_with_a_text_that_cannot_be_read_answers_422(string area)
    {
        var tenant = await _fixture.AddRoutedTenantAsync();

        var refused = await Assert.ThrowsAsync<ProblemException>(() => PutAsync(tenant, $$"""{"name":"Yard","area":{{area}}}"""));

        Assert.Equal((422, "area"), (refused.Status, refused.Errors!.Keys.Single()));
    }

    [Fact]
    public async Task Get_and_delete_of_what_is_not_there_answer_404()
    {
        var tenant = await _fixture.AddRoutedTenantAsync();

        Assert.Equal(404, (await Assert.ThrowsAsync<ProblemException>(() => GetAsync(tenant))).Status);
        Assert.Equal(404, (await Assert.ThrowsAsync<ProblemException>(
            () => _functions.Delete(Request(), tenant.TenantId, "g", default))).Status);
    }

    [Fact]
    public async Task Delete_at_the_version_seen_removes_it()
    {
        var tenant = await _fixture.AddRoutedTenantAsync();
        var created = await PutAsync(tenant, Content);
        var request = Request();
        request.Headers.IfMatch = created.ETag;

        Assert.IsType<NoContentResult>(await _functions.Delete(request, tenant.TenantId, "g", default));

        Assert.Equal(404, (await Assert.ThrowsAsync<ProblemException>(() => GetAsync(tenant))).Status);
    }

    [Fact]
    public async Task List_gives_pages_that_lead_to_each_other()
    {
        var tenant = await _fixture.AddRoutedTenantAsync();
        foreach (var id in (string[])["a", "b", "c"])
        {
            await PutAsync(tenant, Content, id: id);
        }

        var first = await ListAsync(tenant, "?limit=2");
        var next = first.GetProperty("next").GetString()!;
        var second = await ListAsync(tenant, next[next.IndexOf('?', StringComparison.Ordinal)..]);

        Assert.Equal(["a", "b"], Ids(first));
        Assert.Equal(["c"], Ids(second));
        Assert.False(second.TryGetProperty("next", out _));
    }

    [Fact]
    public async Task Nobody_without_credentials_gets_in()
    {
        var tenant = await _fixture.AddRoutedTenantAsync();
        var request = new DefaultHttpContext().Request;

        var refused = await Assert.ThrowsAsync<ProblemException>(
            () => _functions.List(request, tenant.TenantId, default));

        Assert.Equal(401, refused.Status);
    }

    private static string?[] Ids(JsonElement page) =>
        [.. page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("geofenceId").GetString())];

    private static HttpRequest Request(string? body = null) => TestCallers.OperatorRequest(body: body ?? "");

    private static Answered Read(HttpRequest request, IActionResult result)
    {
        var content = Assert.IsType<ContentResult>(result);
        using var json = JsonDocument.Parse(content.Content!);
        return new Answered(content.StatusCode!.Value, request.HttpContext.Response.Headers.ETag.ToString(), json.RootElement.Clone());
    }

    private async Task<Answered> PutAsync(
        TenantPlacement tenant, string body, Action<HttpRequest>? configure = null, string id = "g")
    {
        var request = Request(body);
        configure?.Invoke(request);
        return Read(request, await _functions.Put(request, tenant.TenantId, id, default));
    }

    private async Task<Answered> GetAsync(TenantPlacement tenant)
    {
        var request = Request();
        return Read(request, await _functions.Get(request, tenant.TenantId, "g", default));
    }

    private async Task<JsonElement> ListAsync(TenantPlacement tenant, string query)
    {
        var request = Request();
        request.QueryString = new QueryString(query);
        return Read(request, await _functions.List(request, tenant.TenantId, default)).Body;
    }

    private sealed record Answered(int Status, string ETag, JsonElement Body);
}
