using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace WebHost.Scenarios.Callers;

/// <summary>What came back.</summary>
/// <param name="Call">Method and path, to name it in failures.</param>
/// <param name="Status">The status.</param>
/// <param name="ContentType">Media type of the body; null without one.</param>
/// <param name="Headers">The headers that do not describe the body.</param>
/// <param name="Body">The body.</param>
public sealed record Answer(
    string Call, HttpStatusCode Status, string? ContentType, HttpResponseHeaders Headers, string Body)
{
    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

    /// <summary>Fails the test, with the body, when the status is another.</summary>
    public Answer Expect(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{Call}: expected {(int)status}, found {(int)Status}\n{Body}");
        return this;
    }

    /// <summary>Fails the test when this is no problem document (RFC 9457) of that status that says what to do.</summary>
    public JsonElement ExpectProblem(HttpStatusCode status)
    {
        Expect(status);
        Assert.True(ContentType == "application/problem+json", $"{Call}: {(int)status} came as {ContentType ?? "nothing"}: {Body}");
        Assert.Equal((int)status, Json.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrWhiteSpace(Json.Text("title")));
        Assert.False(string.IsNullOrWhiteSpace(Json.Text("detail")));
        return Json;
    }
}
