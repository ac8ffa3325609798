using WebHost.Local.Run.Story;

namespace WebHost.Local.Run.Tests;

public sealed class SignupWebhookTests
{
    /// <summary>The vector that the reference libraries of Standard Webhooks share.</summary>
    [Theory]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public void Sign_gives_the_reference_signature(string secret) => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        SignupWebhook.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}"));

    [Fact]
    public async Task Request_carries_what_was_signed()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_614_265_330);
        using var request = SignupWebhook.Request(
            new Uri("http://127.0.0.1:7071/api/signups"),
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", now, "{\"test\": 2432232314}");
        Assert.Equal(["msg_p5jXN8AQM9LWM0D4loKWxJek"], request.Headers.GetValues("webhook-id"));
        Assert.Equal(["1614265330"], request.Headers.GetValues("webhook-timestamp"));
        Assert.Equal(
            ["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="], request.Headers.GetValues("webhook-signature"));
        Assert.Equal(
            "{\"test\": 2432232314}", await request.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
