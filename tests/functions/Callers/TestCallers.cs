using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using WebHost.Callers;
using WebHost.Configuration;
using WebHost.Security;
using WebHost.Tests.Placement;

namespace WebHost.Functions.Tests.Callers;

/// <summary>Who calls functions in tests that call them directly.</summary>
internal static class TestCallers
{
    private const string OperatorKey = "an-operators-key-of-a-test";

    /// <summary>Lets the operator in, and tenants with keys of the fixture's control database.</summary>
    public static CallerAuthentication For(ControlFixture fixture)
    {
        var settings = Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ControlDatabase"] = "Host=localhost",
            ["ServiceBus"] = "Endpoint=sb://localhost",
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["Tenants:Domain"] = "fleet.test",
            ["Security:MasterKeys"] = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            ["Operators:Keys"] = OperatorKey,
            ["Webhooks:SignupSecrets"] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            ["Webhooks:StripeSecrets"] = "whsec_stripe_of_a_test",
        }).Build());
        return new CallerAuthentication(
            settings,
            new ApiKeyStore(fixture.Control, new MemoryCache(new MemoryCacheOptions())),
            new OperatorTokens(settings));
    }

    /// <summary>A request of the operator's.</summary>
    public static HttpRequest OperatorRequest(string query = "", string body = "")
    {
        var context = new DefaultHttpContext();
        context.Request.Headers["x-functions-key"] = OperatorKey;
        context.Request.QueryString = new QueryString(query);
        context.Request.Body = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(body));
        context.Response.Body = new MemoryStream();
        return context.Request;
    }
}
