using WebHost.Configuration;
using WebHost.Security;

namespace WebHost.Tests;

/// <summary>Settings in which nothing matters that a test does not replace.</summary>
internal static class TestSettings
{
    public static Settings Any { get; } = new()
    {
        ControlDatabase = "",
        ServiceBus = "",
        BlobStorage = "",
        TenantDomain = "",
        Secrets = SecretProtector.FromSetting("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        OperatorKeys = [],
        SignupSecrets = [],
        StripeSecrets = [],
        StepAttempts = 1,
        FirstRetryInterval = TimeSpan.FromSeconds(1),
        LongestRetryInterval = TimeSpan.FromSeconds(1),
    };
}
