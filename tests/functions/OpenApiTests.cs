using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using WebHost.OpenApi;

namespace WebHost.Functions.Tests;

public sealed class OpenApiTests
{
    [Fact]
    public void Document_has_every_route_of_the_functions()
    {
        var routes =
            from type in typeof(OpenApiFunctions).Assembly.GetTypes()
            from method in type.GetMethods()
            from parameter in method.GetParameters()
            let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
            where trigger is not null && !method.GetCustomAttribute<EndpointAttribute>()!.Hidden
            select "/api/" + trigger.Route!.Replace(":guid", "", StringComparison.Ordinal).Replace("?", "", StringComparison.Ordinal);
        Assert.Equal(
            routes.Distinct().Order(StringComparer.Ordinal),
            Document().GetProperty("paths").EnumerateObject().Select(path => path.Name));
    }

    [Fact]
    public void A_signup_is_described_as_the_event_that_it_is_with_what_signs_it()
    {
        var document = Document();
        var signup = Operation(document, "/api/signups", "post");
        var sent = Sent(document, signup);

        Assert.Equal(["type", "data", "timestamp"], sent.GetProperty("properties").EnumerateObject().Select(member => member.Name));
        Assert.Equal(["type", "data"], sent.GetProperty("required").EnumerateArray().Select(member => member.GetString()));
        Assert.Equal(["webhook-id", "webhook-timestamp", "webhook-signature"], Headers(signup));
    }

    [Fact]
    public void A_signup_by_way_of_Stripe_is_described_with_what_is_read_of_its_event_in_Stripes_own_names()
    {
        var document = Document();
        var signup = Operation(document, "/api/signups/stripe", "post");

        var session = Schema(document, Schema(document, Sent(document, signup), "data"), "object");

        Assert.Equal(
            ["metadata", "payment_status", "amount_total", "currency", "customer_details", "customer_email"],
            session.GetProperty("properties").EnumerateObject().Select(member => member.Name));
        Assert.Equal(["metadata"], session.GetProperty("required").EnumerateArray().Select(member => member.GetString()));
        Assert.Equal(
            ["vehicles", "locations"],
            Schema(document, session, "metadata").GetProperty("required").EnumerateArray().Select(member => member.GetString()));
        Assert.Equal(["Stripe-Signature"], Headers(signup));
    }

    [Fact]
    public void The_report_of_an_installed_server_asks_for_its_token() =>
        Assert.Equal(
            ["serverToken"],
            Operation(Document(), "/api/servers/installed", "post").GetProperty("security").EnumerateArray()
                .SelectMany(schemes => schemes.EnumerateObject()).Select(scheme => scheme.Name));

    [Theory]
    [InlineData("/api/tenants", "state", "provisioning", "waiting-for-capacity", "active", "provisioning-failed")]
    [InlineData("/api/tenants/{tenantId}/tracks/{deviceId}", "geometry", "points", "line")]
    [InlineData("/api/tenants/{tenantId}/quarantine", "reason", "unreadable", "encrypted", "missing-position", "not-a-number", "out-of-range", "null-island", "missing-time", "unreadable-time", "before-2000", "future", "unregistered-tracker")]
    public void A_parameter_that_takes_a_few_words_names_them(string path, string name, params string[] words)
    {
        var parameter = Operation(Document(), path, "get").GetProperty("parameters").EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == name);

        Assert.Equal(words, parameter.GetProperty("schema").GetProperty("enum").EnumerateArray().Select(word => word.GetString()));
    }

    private static JsonElement Document()
    {
        var answer = Assert.IsType<ContentResult>(OpenApiFunctions.Get(new DefaultHttpContext().Request));
        using var document = JsonDocument.Parse(answer.Content!);
        return document.RootElement.Clone();
    }

    private static JsonElement Operation(JsonElement document, string path, string method) =>
        document.GetProperty("paths").GetProperty(path).GetProperty(method);

    private static JsonElement Sent(JsonElement document, JsonElement operation) => Resolve(
        document, operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema"));

    private static JsonElement Schema(JsonElement document, JsonElement of, string member) =>
        Resolve(document, of.GetProperty("properties").GetProperty(member));

    private static JsonElement Resolve(JsonElement document, JsonElement schema) =>
        schema.TryGetProperty("$ref", out var reference) && reference.GetString() is { } name
            ? document.GetProperty("components").GetProperty("schemas").GetProperty(name[(name.LastIndexOf('/') + 1)..])
            : schema;

    private static IEnumerable<string?> Headers(JsonElement operation) =>
        operation.GetProperty("parameters").EnumerateArray()
            .Where(parameter => parameter.GetProperty("in").GetString() == "header")
            .Select(parameter => parameter.GetProperty("name").GetString());
}
