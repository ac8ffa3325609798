using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using WebHost.Testing;

namespace WebHost.Local.Functions.Tests;

public sealed class HttpTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_function_answers_under_its_name_and_the_default_prefix_with_camel_case_json()
    {
        await using var application = await StartAsync();

        Assert.Equal("""{"greeting":"Hello Ada"}""", await application.Client.GetStringAsync("api/Greet?name=Ada", Cancel));
    }

    [Theory]
    [InlineData("v2", "v2/Greet")]
    [InlineData("", "Greet")]
    public async Task The_prefix_is_that_of_host_json(string prefix, string path)
    {
        await using var application = await StartAsync(
            hostJson: $$"""{ "version": "2.0", "extensions": { "http": { "routePrefix": "{{prefix}}" } } }""");

        Assert.Equal(HttpStatusCode.OK, (await application.Client.GetAsync(path, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await application.Client.GetAsync("api/Greet", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Route_values_are_bound_by_name_and_type()
    {
        await using var application = await StartAsync();
        var id = Guid.NewGuid();

        Assert.Equal($"GET a b {id} 7", await application.Client.GetStringAsync($"api/items/a%20b/{id}/7", Cancel));
    }

    [Theory]
    [InlineData("api/items/a/not-a-guid/7", HttpStatusCode.BadRequest)]
    [InlineData("api/items/a/11111111-1111-1111-1111-111111111111/seven", HttpStatusCode.NotFound)]
    [InlineData("api/constrained/not-a-guid", HttpStatusCode.NotFound)]
    [InlineData("api/nothing", HttpStatusCode.NotFound)]
    [InlineData("Greet", HttpStatusCode.NotFound)]
    public async Task A_path_that_fits_no_route_is_refused(string path, HttpStatusCode expected)
    {
        await using var application = await StartAsync();

        Assert.Equal(expected, (await application.Client.GetAsync(path, Cancel)).StatusCode);
    }

    [Fact]
    public async Task Another_method_is_refused_with_those_that_are_allowed()
    {
        await using var application = await StartAsync();

        var response = await application.Client.PostAsync($"api/items/a/{Guid.NewGuid()}/7", null, Cancel);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["DELETE", "GET"], response.Content.Headers.Allow.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    public async Task A_function_without_methods_takes_all_and_may_write_its_response_itself(string method)
    {
        await using var application = await StartAsync();

        using var request = new HttpRequestMessage(new HttpMethod(method), "api/any");
        var response = await application.Client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(method, await response.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task An_exception_is_a_bare_500_and_one_error_in_the_log()
    {
        await using var application = await StartAsync();

        var response = await application.Client.GetAsync("api/fails", Cancel);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsStringAsync(Cancel));
        Assert.Single(application.Recorder.Logs, log => log.StartsWith("Error: Function 'Fails' failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Middleware_turns_an_exception_into_a_problem_document()
    {
        await using var application = await StartAsync(configure: builder =>
            builder.ConfigureFunctionsWebApplication().UseMiddleware<ProblemMiddleware>());

        var response = await application.Client.GetAsync("api/fails", Cancel);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("Conflict", problem.GetProperty("title").GetString());
        Assert.DoesNotContain(application.Recorder.Logs, log => log.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Middleware_runs_in_the_order_of_its_registration_and_sees_the_request_inside_the_integration()
    {
        await using var application = await StartAsync(configure: builder =>
        {
            builder.UseMiddleware<OutsideMiddleware>();
            builder.ConfigureFunctionsWebApplication();
            builder.UseMiddleware<ProblemMiddleware>();
        });

        await application.Client.GetAsync("api/Greet", Cancel);

        Assert.Equal(["outside Greet False", "inside Greet True"], application.Recorder.Events.Take(2));
    }

    [Fact]
    public async Task A_function_is_told_its_context()
    {
        await using var application = await StartAsync();

        Assert.Equal("Context True True", await application.Client.GetStringAsync("api/context", Cancel));
    }

    [Fact]
    public async Task Each_invocation_has_a_scope_that_ends_with_it()
    {
        await using var application = await StartAsync();

        var first = await application.Client.GetStringAsync("api/scope", Cancel);
        var second = await application.Client.GetStringAsync("api/scope", Cancel);

        Assert.NotEqual(first, second);
        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count($"disposed {second}") == 1));
        Assert.Equal(1, application.Recorder.Count($"disposed {first}"));
    }

    [Fact]
    public async Task A_request_body_is_streamed_to_the_function_as_it_comes()
    {
        await using var application = await StartAsync();
        using var content = new StreamedContent(async body =>
        {
            await body.WriteAsync("first "u8.ToArray(), Cancel);
            await body.FlushAsync(Cancel);
            await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("read first ") == 1));
            await body.WriteAsync("second"u8.ToArray(), Cancel);
        });

        var response = await application.Client.PostAsync("api/echo", content, Cancel);

        Assert.Equal("first second", await response.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        await using var application = await StartAsync(new() { ["LocalHost:MaxRequestBodySize"] = "1000" });

        var response = await application.Client.PostAsync("api/echo", new ByteArrayContent(new byte[1001]), Cancel);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task A_caller_that_goes_away_cancels_the_function_and_is_no_error()
    {
        await using var application = await StartAsync();
        using var cancel = new CancellationTokenSource();
        var call = application.Client.GetAsync("api/hang", cancel.Token);
        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("hanging") == 1));

        await cancel.CancelAsync();

        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("let go") == 1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.DoesNotContain(application.Recorder.Logs, log => log.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stopping_host_lets_a_request_finish()
    {
        await using var application = await StartAsync();
        var call = application.Client.GetAsync("api/gate", Cancel);
        await Eventually.IsTrueAsync(() => Task.FromResult(application.Recorder.Count("at the gate") == 1));

        var stopping = application.StopAsync();
        application.Recorder.Gate.SetResult();

        Assert.Equal(HttpStatusCode.OK, (await call).StatusCode);
        await stopping;
    }

    private static Task<TestApplication> StartAsync(
        Dictionary<string, string?>? settings = null,
        Action<FunctionsApplicationBuilder>? configure = null,
        string? hostJson = null) =>
        TestApplication.StartAsync(
            [typeof(HttpTestFunctions)],
            settings,
            builder =>
            {
                builder.Services.AddScoped<ScopedThing>();
                (configure ?? (application => application.ConfigureFunctionsWebApplication()))(builder);
            },
            hostJson);

    private sealed class StreamedContent(Func<Stream, Task> write) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
