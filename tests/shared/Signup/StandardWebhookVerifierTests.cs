using System.Security.Cryptography;
using System.Text;
using CsCheck;
using WebHost.Signup;

namespace WebHost.Tests.Signup;

public sealed class StandardWebhookVerifierTests
{
    // The vector that the scheme's reference libraries share.
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const long SignedAt = 1614265330;
    private const string Body = "{\"test\": 2432232314}";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private const string OtherSignature = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";

    [Theory]
    [InlineData(Secret)]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public void Verify_the_reference_vector_is_valid(string secret) =>
        Assert.True(Verify(Signature, secrets: [secret]).IsValid);

    [Theory]
    [InlineData(OtherSignature + " v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= " + Signature + " " + OtherSignature)]
    [InlineData("v1a,notours " + Signature)]
    [InlineData("  " + Signature + " ")]
    public void Verify_one_right_signature_in_a_list_is_valid(string signatures) =>
        Assert.True(Verify(signatures).IsValid);

    [Theory]
    [InlineData("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    [InlineData("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd")]
    [InlineData("v1,")]
    [InlineData("v1")]
    [InlineData(",")]
    [InlineData("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    [InlineData("v1,\u00e9\ud800")]
    public void Verify_without_a_right_v1_signature_does_not_match(string signatures) =>
        Assert.Equal(SignatureFault.NoMatchingSignature, Verify(signatures).Fault);

    [Fact]
    public void Verify_with_an_old_and_a_new_secret_accepts_either()
    {
        const string newer = "whsec_bmV3ZXItc2VjcmV0LW9mLXR3ZW50eS1mb3VyLWJ5dGVz";

        Assert.True(Verify(Signature, secrets: [newer, Secret]).IsValid);
        Assert.True(Verify(Sign(newer, Id, SignedAt, Body), secrets: [newer, Secret]).IsValid);
        Assert.Equal(SignatureFault.NoMatchingSignature, Verify(Signature, secrets: [newer]).Fault);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(300, null)]
    [InlineData(301, SignatureFault.TooOld)]
    [InlineData(-300, null)]
    [InlineData(-301, SignatureFault.TooNew)]
    public void Verify_tolerates_five_minutes_either_way(int secondsLater, SignatureFault? expected) =>
        Assert.Equal(expected, Verify(Signature, now: SignedAt + secondsLater).Fault);

    [Theory]
    [InlineData(null, "1614265330", Signature, SignatureFault.MissingHeader)]
    [InlineData(Id, "", Signature, SignatureFault.MissingHeader)]
    [InlineData(Id, "1614265330", null, SignatureFault.MissingHeader)]
    [InlineData("msg.1", "1614265330", Signature, SignatureFault.MalformedHeader)]
    [InlineData(Id, "yesterday", Signature, SignatureFault.MalformedHeader)]
    [InlineData(Id, "-1614265330", Signature, SignatureFault.MalformedHeader)]
    [InlineData(Id, "1614265330.0", Signature, SignatureFault.MalformedHeader)]
    [InlineData(Id, "99999999999999999999", Signature, SignatureFault.MalformedHeader)]
    public void Verify_headers_that_are_missing_or_malformed_says_so(
        string? id, string? timestamp, string? signatures, SignatureFault expected)
    {
        var verifier = new StandardWebhookVerifier([Secret], FixedClock.AtUnixSeconds(SignedAt));

        Assert.Equal(expected, verifier.Verify(id, timestamp, signatures, Encoding.UTF8.GetBytes(Body)).Fault);
    }

    [Fact]
    public void Verify_the_furthest_future_is_too_new_and_not_an_overflow()
    {
        var signature = Sign(Secret, Id, long.MaxValue, Body);
        var verifier = new StandardWebhookVerifier([Secret], FixedClock.AtUnixSeconds(SignedAt));

        var verdict = verifier.Verify(Id, "9223372036854775807", signature, Encoding.UTF8.GetBytes(Body));

        Assert.Equal(SignatureFault.TooNew, verdict.Fault);
    }

    [Fact]
    public void Verify_any_changed_byte_of_a_signed_body_does_not_match() =>
        Gen.Select(Gen.Byte.Array[1, 200], Gen.Int[0, 199], Gen.Byte[1, 255]).Sample((body, at, change) =>
        {
            var signature = Sign(Secret, Id, SignedAt, body);
            var altered = (byte[])body.Clone();
            altered[at % body.Length] ^= change;
            var verifier = new StandardWebhookVerifier([Secret], FixedClock.AtUnixSeconds(SignedAt));

            Assert.True(verifier.Verify(Id, $"{SignedAt}", signature, body).IsValid);
            Assert.Equal(
                SignatureFault.NoMatchingSignature, verifier.Verify(Id, $"{SignedAt}", signature, altered).Fault);
        }, iter: 500);

    [Theory]
    [InlineData("whsec_c2hvcnQ=")]
    [InlineData("whsec_")]
    [InlineData("not base64 at all, however long it may be")]
    public void Verifier_with_a_weak_or_unreadable_secret_is_refused_without_quoting_it(string secret)
    {
        var error = Assert.Throws<ArgumentException>(() => new StandardWebhookVerifier([secret], TimeProvider.System));

        Assert.DoesNotContain(secret["whsec_".Length..] is { Length: > 0 } rest ? rest : "c2hvcnQ", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Verifier_without_a_secret_is_refused() =>
        Assert.Throws<ArgumentException>(() => new StandardWebhookVerifier([], TimeProvider.System));

    private static SignatureVerdict Verify(string signatures, long now = SignedAt, string[]? secrets = null) =>
        new StandardWebhookVerifier(secrets ?? [Secret], FixedClock.AtUnixSeconds(now))
            .Verify(Id, $"{SignedAt}", signatures, Encoding.UTF8.GetBytes(Body));

    private static string Sign(string secret, string id, long timestamp, string body) =>
        Sign(secret, id, timestamp, Encoding.UTF8.GetBytes(body));

    private static string Sign(string secret, string id, long timestamp, byte[] body)
    {
        byte[] message = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var key = Convert.FromBase64String(secret.Replace("whsec_", "", StringComparison.Ordinal));
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, message));
    }
}
