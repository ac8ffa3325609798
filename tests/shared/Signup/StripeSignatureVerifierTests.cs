using System.Security.Cryptography;
using System.Text;
using WebHost.Signup;

namespace WebHost.Tests.Signup;

public sealed class StripeSignatureVerifierTests
{
    private const string Secret = "whsec_stripe_test_secret";
    private const long SignedAt = 1533204620;
    private const string Body = "{\"id\":\"evt_1\",\"object\":\"event\"}";

    [Fact]
    public void Verify_a_signature_over_time_and_body_is_valid() =>
        Assert.True(Verify($"t={SignedAt},v1={Sign(Secret)}").IsValid);

    [Fact]
    public void Verify_the_vector_of_the_vendors_library_is_valid()
    {
        const string body =
            """
            {
              "id": "evt_123",
              "object": "event",
              "account": "acct_123",
              "api_version": "2017-05-25",
              "created": 1533204620,
              "data": {
                "object": {
                  "id": "cus_123",
                  "object": "customer",
                  "created": 123456789,
                  "email": "test@stripe.com",
                  "livemode": false,
                  "metadata": {}
                }
              },
              "livemode": false,
              "pending_webhooks": 1,
              "request": {
                "id": "req_123",
                "idempotency_key": "idempotency-key-123"
              },
              "type": "customer.created"
            }

            """;
        const string header =
            "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,"
            + "v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef";
        var verifier = new StripeSignatureVerifier(["webhook_secret"], FixedClock.AtUnixSeconds(1533204720));

        Assert.True(verifier.Verify(header, Encoding.UTF8.GetBytes(body)).IsValid);
    }

    [Fact]
    public void Verify_ignores_other_schemes_and_accepts_any_v1()
    {
        var wrong = new string('a', 64);

        Assert.True(Verify($"t={SignedAt},v1={wrong},v1={Sign(Secret)},v0={wrong}").IsValid);
        Assert.Equal(SignatureFault.NoMatchingSignature, Verify($"t={SignedAt},v1={wrong},v0={Sign(Secret)}").Fault);
    }

    [Fact]
    public void Verify_the_key_is_the_whole_secret_as_text()
    {
        Assert.Equal(
            SignatureFault.NoMatchingSignature, Verify($"t={SignedAt},v1={Sign("stripe_test_secret")}").Fault);
        Assert.True(Verify($"t={SignedAt},v1={Sign("clé-ü-secret")}", secrets: [Secret, "clé-ü-secret"]).IsValid);
    }

    [Theory]
    [InlineData(300, null)]
    [InlineData(301, SignatureFault.TooOld)]
    [InlineData(-300, null)]
    [InlineData(-301, SignatureFault.TooNew)]
    public void Verify_tolerates_five_minutes_either_way(int secondsLater, SignatureFault? expected) =>
        Assert.Equal(expected, Verify($"t={SignedAt},v1={Sign(Secret)}", SignedAt + secondsLater).Fault);

    [Fact]
    public void Verify_a_wrong_signature_that_is_old_tells_only_of_the_signature() =>
        Assert.Equal(
            SignatureFault.NoMatchingSignature,
            Verify($"t={SignedAt},v1={Sign("another")}", SignedAt + 10_000).Fault);

    [Theory]
    [InlineData("t=,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v0=63f3")]
    [InlineData("t,v1=,v0=")]
    [InlineData("t,v1=,v0")]
    [InlineData("t,v1=,")]
    [InlineData("t,,")]
    [InlineData(",,")]
    [InlineData("t")]
    [InlineData("t=1533204620")]
    [InlineData("t=1533204620,v1=")]
    [InlineData("t=1533204620,t=1533204621,v1=aa")]
    [InlineData("t=1533204620.5,v1=aa")]
    [InlineData("v1=aa")]
    [InlineData("=,=")]
    public void Verify_a_malformed_header_says_so(string header) =>
        Assert.Equal(SignatureFault.MalformedHeader, Verify(header).Fault);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Verify_without_the_header_says_so(string? header) =>
        Assert.Equal(SignatureFault.MissingHeader, Verify(header).Fault);

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public void Verifier_with_a_secret_that_is_no_text_is_refused(string secret) =>
        Assert.Throws<ArgumentException>(() => new StripeSignatureVerifier([secret], TimeProvider.System));

    [Fact]
    public void Verifier_with_a_secret_that_utf8_cannot_carry_is_refused() =>
        Assert.Throws<ArgumentException>(() => new StripeSignatureVerifier(["lone\ud800surrogate"], TimeProvider.System));

    [Fact]
    public void Verifier_without_a_secret_is_refused() =>
        Assert.Throws<ArgumentException>(() => new StripeSignatureVerifier([], TimeProvider.System));

    private static SignatureVerdict Verify(string? header, long now = SignedAt, string[]? secrets = null) =>
        new StripeSignatureVerifier(secrets ?? [Secret], FixedClock.AtUnixSeconds(now))
            .Verify(header, Encoding.UTF8.GetBytes(Body));

    private static string Sign(string secret) => Convert.ToHexStringLower(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{SignedAt}.{Body}")));
}
