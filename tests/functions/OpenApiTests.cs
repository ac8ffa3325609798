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
        var schema = signup.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        var reference = schema.GetProperty("$ref").GetString()!;
        var sent = document.GetProperty("components").GetProperty("schemas").GetProperty(reference[(reference.LastIndexOf('/') + 1)..]);

        Assert.Equal(["type", "data", "timestamp"], sent.GetProperty("properties").EnumerateObject().Select(member => member.Name));
        Assert.Equal(["type", "data"], sent.GetProperty("required").EnumerateArray().Select(member => member.GetString()));
        Assert.Equal(["webhook-id", "webhook-timestamp", "webhook-signature"], Headers(signup));
        Assert.Equal(["Stripe-Signature"], Headers(Operation(document, "/api/signups/stripe", "post")));
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

    private static IEnumerable<string?> Headers(JsonElement operation) =>
        operation.GetProperty("parameters").EnumerateArray()
            .Where(parameter => parameter.GetProperty("in").GetString() == "header")
            .Select(parameter => parameter.GetProperty("name").GetString());
}
