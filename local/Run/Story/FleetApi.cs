using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace WebHost.Local.Run.Story;

/// <summary>The application over HTTP, as one of its callers sees it: an operator, a tenant, or nobody in particular.</summary>
internal sealed class FleetApi : IDisposable
{
    /// <summary>Strict: an answer that lacks something we rely on is a deviation, not a null.</summary>
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private readonly HttpClient _http;

    private FleetApi(Uri url, Action<HttpRequestHeaders> authenticate)
    {
        _http = new HttpClient { BaseAddress = url };
        authenticate(_http.DefaultRequestHeaders);
    }

    public static FleetApi ForOperator(Uri url, string key) => new(url, headers => headers.Add("x-functions-key", key));

    public static FleetApi ForTenant(Uri url, string key) =>
        new(url, headers => headers.Authorization = new AuthenticationHeaderValue("Bearer", key));

    public static FleetApi ForAnybody(Uri url) => new(url, _ => { });

    public void Dispose() => _http.Dispose();

    public Task<T> GetAsync<T>(string path, CancellationToken cancellation) =>
        SendAsync<T>(new(HttpMethod.Get, path), HttpStatusCode.OK, cancellation);

    public Task<T> PostAsync<T>(string path, object? body, HttpStatusCode expected, CancellationToken cancellation) =>
        SendAsync<T>(
            new(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) }, expected, cancellation);

    public async Task PutAsync(string path, object body, CancellationToken cancellation)
    {
        using var response = await _http.PutAsJsonAsync(path, body, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await UnexpectedAsync(response, "200 or 201", cancellation);
        }
    }

    public async Task<HttpStatusCode> StatusOfAsync(string path, CancellationToken cancellation)
    {
        using var response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return response.StatusCode;
    }

    /// <summary>Sends a request and reads the JSON of an answer that has the expected status.</summary>
    /// <exception cref="StoryException">The answer has another status.</exception>
    public async Task<T> SendAsync<T>(HttpRequestMessage request, HttpStatusCode expected, CancellationToken cancellation)
    {
        using var message = request;
        using var response = await _http.SendAsync(message, cancellation);
        if (response.StatusCode != expected)
        {
            throw await UnexpectedAsync(response, Text(expected), cancellation);
        }

        var body = await response.Content.ReadAsStringAsync(cancellation);
        try
        {
            return JsonSerializer.Deserialize<T>(body, Json)
                ?? throw new StoryException($"{request.Method} {request.RequestUri}: expected a JSON object, found null");
        }
        catch (JsonException unlike)
        {
            throw new StoryException($"{request.Method} {request.RequestUri}: {unlike.Message} Found {body}");
        }
    }

    /// <summary>The features of a collection and of all pages that follow it.</summary>
    public async Task<IReadOnlyList<TrackPoint>> GetFeaturesAsync(string path, CancellationToken cancellation)
    {
        var points = new List<TrackPoint>();
        for (var page = path; page is not null;)
        {
            var collection = await GetAsync<JsonElement>(page, cancellation);
            points.AddRange(collection.GetProperty("features").EnumerateArray().Select(TrackPoint.Of));
            page = collection.TryGetProperty("next", out var next) ? next.GetString() : null;
        }

        return points;
    }

    private static string Text(HttpStatusCode status) => ((int)status).ToString(CultureInfo.InvariantCulture);

    private static async Task<StoryException> UnexpectedAsync(
        HttpResponseMessage response, string expected, CancellationToken cancellation) =>
        new($"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri}: expected {expected}, found "
            + $"{Text(response.StatusCode)} {await response.Content.ReadAsStringAsync(cancellation)}");
}
