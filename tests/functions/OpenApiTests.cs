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
        var answer = Assert.IsType<ContentResult>(OpenApiFunctions.Get(new DefaultHttpContext().Request));
        using var document = JsonDocument.Parse(answer.Content!);

        var routes =
            from type in typeof(OpenApiFunctions).Assembly.GetTypes()
            from method in type.GetMethods()
            from parameter in method.GetParameters()
            let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
            where trigger is not null && !method.GetCustomAttribute<EndpointAttribute>()!.Hidden
            select "/api/" + trigger.Route!.Replace(":guid", "", StringComparison.Ordinal).Replace("?", "", StringComparison.Ordinal);
        Assert.Equal(
            routes.Distinct().Order(StringComparer.Ordinal),
            document.RootElement.GetProperty("paths").EnumerateObject().Select(path => path.Name));
    }
}
