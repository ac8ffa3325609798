using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace WebHost.Scenarios.Callers;

/// <summary>One caller of an HTTP interface.</summary>
public sealed class Api : IDisposable
{
    private readonly HttpClient _http;

    internal Api(Uri url, Action<HttpRequestHeaders> authenticate)
    {
        _http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(60) };
        authenticate(_http.DefaultRequestHeaders);
    }

    public static Api ForOperator(Uri url, string key) => new(url, headers => headers.Add("x-functions-key", key));

    public static Api ForTenant(Uri url, string key) =>
        new(url, headers => headers.Authorization = new AuthenticationHeaderValue("Bearer", key));

    public static Api ForAnybody(Uri url) => new(url, _ => { });

    public void Dispose() => _http.Dispose();

    public Task<Answer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    public Task<Answer> PostAsync(string path, object? body) => SendAsync(WithJson(HttpMethod.Post, path, body));

    public Task<Answer> PutAsync(string path, object body) => SendAsync(WithJson(HttpMethod.Put, path, body));

    public Task<Answer> DeleteAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Delete, path));

    /// <summary>Null when nobody answered.</summary>
    public async Task<Answer?> TryGetAsync(string path) => await TrySendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Null when nobody answered, or not to the end.</summary>
    public async Task<Answer?> TrySendAsync(HttpRequestMessage request)
    {
        try
        {
            return await SendAsync(request);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
            return new Answer(
                $"{request.Method} {request.RequestUri}",
                response.StatusCode,
                response.Content.Headers.ContentType?.MediaType,
                response.Headers,
                await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    internal static HttpRequestMessage WithJson(HttpMethod method, string path, object? body) =>
        new(method, path) { Content = body is null ? null : JsonContent.Create(body) };
}
