using System.Net;
using CsCheck;
using WebHost.Providers;
using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Upstash;

namespace WebHost.Tests.Providers;

public sealed class ProviderErrorsTests
{
    private static readonly ProviderErrors[] All = [new FlyErrors(), new RobotErrors(), new CloudflareErrors(), new UpstashErrors()];

    private static readonly string[] AwkwardBodies =
        ["", "null", "[]", "{}", "1", "\"x\"", "{\"error\":null}", "{\"error\":{}}", "{\"errors\":[null]}", "{\"errors\":[]}"];

    [Theory]
    [InlineData(412, """{"error":"insufficient resources to create new machine with existing volume","status":"insufficient_capacity"}""", ProviderErrorKind.Capacity, "insufficient_capacity")]
    [InlineData(409, """{"error":"aborted: could not reserve resource for machine: insufficient memory available"}""", ProviderErrorKind.Capacity, "aborted")]
    [InlineData(500, """{"error":"insufficient CPUs available to fulfill request"}""", ProviderErrorKind.Capacity, null)]
    [InlineData(422, """{"error":"Validation failed: Name has already been taken"}""", ProviderErrorKind.Conflict, "name_taken")]
    [InlineData(422, """{"error":"x","status":"name_taken"}""", ProviderErrorKind.Conflict, "name_taken")]
    [InlineData(422, """{"error":"Validation failed: Hostname is invalid"}""", ProviderErrorKind.Permanent, null)]
    [InlineData(409, """{"error":"already_exists: unique machine name violation, machine ID 1 already exists with name \"a\""}""", ProviderErrorKind.Conflict, "already_exists")]
    [InlineData(409, """{"error":"failed to obtain lease: lease currently held by x"}""", ProviderErrorKind.Conflict, null)]
    [InlineData(412, """{"error":"failed_precondition: volume is currently bound to machine: 1"}""", ProviderErrorKind.Conflict, "failed_precondition")]
    [InlineData(408, """{"error":"deadline_exceeded: machine failed to reach desired state, started, currently starting"}""", ProviderErrorKind.Transient, "deadline_exceeded")]
    [InlineData(400, """{"error":"deadline_exceeded: machine failed to reach desired state"}""", ProviderErrorKind.Transient, "deadline_exceeded")]
    [InlineData(400, """{"error":"invalid_argument: no image"}""", ProviderErrorKind.Permanent, "invalid_argument")]
    [InlineData(401, """{"error":"Authentication Error"}""", ProviderErrorKind.Auth, null)]
    [InlineData(403, "", ProviderErrorKind.Auth, null)]
    [InlineData(403, """{"error":"insufficient permissions"}""", ProviderErrorKind.Auth, null)]
    [InlineData(404, """{"error":"App not found"}""", ProviderErrorKind.NotFound, null)]
    [InlineData(429, """{"error":"rate limit exceeded"}""", ProviderErrorKind.RateLimited, null)]
    [InlineData(502, "<html>bad gateway</html>", ProviderErrorKind.Transient, null)]
    [InlineData(200, """{"errors":[{"message":"no","extensions":{"code":"UNAUTHORIZED"}}]}""", ProviderErrorKind.Auth, "UNAUTHORIZED")]
    [InlineData(200, """{"errors":[{"message":"Could not find AddOn","extensions":{"code":"NOT_FOUND"}}]}""", ProviderErrorKind.NotFound, "NOT_FOUND")]
    [InlineData(200, """{"errors":[{"message":"Name has already been taken","extensions":{"code":"UNPROCESSABLE"}}]}""", ProviderErrorKind.Conflict, "name_taken")]
    [InlineData(200, """{"errors":[{"message":"oops","extensions":{"code":"SERVER_ERROR"}}]}""", ProviderErrorKind.Transient, "SERVER_ERROR")]
    public void Fly_answer_means(int status, string body, ProviderErrorKind kind, string? code) =>
        AssertMeans(new FlyErrors(), status, body, kind, code);

    [Theory]
    [InlineData(401, """{"error":{"status":401,"code":"UNAUTHORIZED","message":"Unauthorized"}}""", ProviderErrorKind.Auth, "UNAUTHORIZED")]
    [InlineData(403, """{"error":{"status":403,"code":"RATE_LIMIT_EXCEEDED","max_request":200,"interval":3600,"message":"rate limit exceeded"}}""", ProviderErrorKind.RateLimited, "RATE_LIMIT_EXCEEDED")]
    [InlineData(403, "", ProviderErrorKind.Auth, null)]
    [InlineData(404, """{"error":{"status":404,"code":"SERVER_NOT_FOUND","message":"server not found"}}""", ProviderErrorKind.NotFound, "SERVER_NOT_FOUND")]
    [InlineData(409, """{"error":{"status":409,"code":"KEY_ALREADY_EXISTS","message":"exists"}}""", ProviderErrorKind.Conflict, "KEY_ALREADY_EXISTS")]
    [InlineData(409, """{"error":{"status":409,"code":"FIREWALL_IN_PROCESS","message":"wait"}}""", ProviderErrorKind.Transient, "FIREWALL_IN_PROCESS")]
    [InlineData(400, """{"error":{"status":400,"code":"INVALID_INPUT","message":"invalid input","missing":["dist"],"invalid":null}}""", ProviderErrorKind.Permanent, "INVALID_INPUT")]
    [InlineData(500, """{"error":{"status":500,"code":"INTERNAL_ERROR","message":"failed"}}""", ProviderErrorKind.Transient, "INTERNAL_ERROR")]
    [InlineData(503, "maintenance", ProviderErrorKind.Transient, null)]
    public void Robot_answer_means(int status, string body, ProviderErrorKind kind, string? code) =>
        AssertMeans(new RobotErrors(), status, body, kind, code);

    [Theory]
    [InlineData(400, 81057, ProviderErrorKind.Conflict)]
    [InlineData(400, 81058, ProviderErrorKind.Conflict)]
    [InlineData(400, 81053, ProviderErrorKind.Conflict)]
    [InlineData(404, 81044, ProviderErrorKind.NotFound)]
    [InlineData(400, 81045, ProviderErrorKind.Capacity)]
    [InlineData(400, 10000, ProviderErrorKind.Auth)]
    [InlineData(403, 9109, ProviderErrorKind.Auth)]
    [InlineData(400, 6003, ProviderErrorKind.Auth)]
    [InlineData(404, 7003, ProviderErrorKind.Permanent)]
    [InlineData(400, 9005, ProviderErrorKind.Permanent)]
    [InlineData(429, 971, ProviderErrorKind.RateLimited)]
    [InlineData(500, 1000, ProviderErrorKind.Transient)]
    [InlineData(200, 1000, ProviderErrorKind.Permanent)]
    public void Cloudflare_code_means(int status, int code, ProviderErrorKind kind) => AssertMeans(
        new CloudflareErrors(),
        status,
        $$"""{"success":false,"errors":[{"code":{{code}},"message":"words"}],"messages":[],"result":null}""",
        kind,
        $"{code}");

    [Theory]
    [InlineData(401, "\"Unauthorized\"", ProviderErrorKind.Auth)]
    [InlineData(404, "\"database not found\"", ProviderErrorKind.NotFound)]
    [InlineData(400, "database not found", ProviderErrorKind.NotFound)]
    [InlineData(400, "\"database limit exceeded\"", ProviderErrorKind.Capacity)]
    [InlineData(400, """{"error":"bad region"}""", ProviderErrorKind.Permanent)]
    [InlineData(429, "", ProviderErrorKind.RateLimited)]
    [InlineData(503, "", ProviderErrorKind.Transient)]
    public void Upstash_answer_means(int status, string body, ProviderErrorKind kind) =>
        AssertMeans(new UpstashErrors(), status, body, kind, null);

    [Fact]
    public void Robot_rate_limit_carries_its_interval_and_invalid_input_its_fields()
    {
        var limited = Classify(new RobotErrors(), 403, """{"error":{"code":"RATE_LIMIT_EXCEEDED","interval":1800,"message":"x"}}""");
        var invalid = Classify(new RobotErrors(), 400, """{"error":{"code":"INVALID_INPUT","message":"invalid input","missing":["dist"],"invalid":["lang"]}}""");

        Assert.Equal(TimeSpan.FromMinutes(30), limited!.RetryAfter);
        Assert.Equal("invalid input; missing: dist; invalid: lang", invalid!.Message);
    }

    [Fact]
    public void Success_is_no_error()
    {
        Assert.Null(Classify(new FlyErrors(), 200, """{"id":"1"}"""));
        Assert.Null(Classify(new FlyErrors(), 202, ""));
        Assert.Null(Classify(new RobotErrors(), 201, "{}"));
        Assert.Null(Classify(new CloudflareErrors(), 200, """{"success":true,"errors":[],"messages":[],"result":{}}"""));
        Assert.Null(Classify(new CloudflareErrors(), 200, """{"result":{"id":"1"}}"""));
        Assert.Null(Classify(new UpstashErrors(), 200, "\"OK\""));
    }

    [Fact]
    public void A_proxys_page_with_200_is_not_Cloudflares_consent() =>
        Assert.Equal(ProviderErrorKind.Transient, Classify(new CloudflareErrors(), 200, "<html></html>")!.Kind);

    [Fact]
    public void Any_refusal_whatever_its_body_is_classified_with_words_of_bounded_length() =>
        Gen.Select(Gen.Int[300, 599], Gen.OneOf(Gen.String, Gen.Int[0, AwkwardBodies.Length - 1].Select(i => AwkwardBodies[i])))
            .Sample((status, body) =>
            {
                foreach (var errors in All)
                {
                    var error = Classify(errors, status, body);
                    Assert.NotNull(error);
                    Assert.NotEmpty(error.Message);
                    Assert.True(error.Message.Length <= 501);
                    Assert.Equal(status, (int)error.Status!);
                }
            });

    [Fact]
    public void Exception_says_who_what_why_and_when_to_try_again()
    {
        var exception = new ProviderException("Fly", "CreateMachine", new ProviderError(ProviderErrorKind.RateLimited, "slow down")
        {
            Status = HttpStatusCode.TooManyRequests,
            Code = "rate",
            RetryAfter = TimeSpan.FromSeconds(2),
            RequestId = "01H",
        });

        Assert.Equal("Fly CreateMachine: slow down (RateLimited, 429, rate, retry after 2 s, request 01H)", exception.Message);
        Assert.True(exception.IsRetryable);
    }

    private static ProviderError? Classify(ProviderErrors errors, int status, string body)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        return errors.Classify(response, body);
    }

    private static void AssertMeans(ProviderErrors errors, int status, string body, ProviderErrorKind kind, string? code)
    {
        var error = Classify(errors, status, body);
        Assert.Equal((kind, code), (error!.Kind, error.Code));
        Assert.Equal(kind == ProviderErrorKind.RateLimited, error.RetryAfter is not null && kind != ProviderErrorKind.Transient);
    }
}
