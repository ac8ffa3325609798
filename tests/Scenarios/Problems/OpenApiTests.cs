using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Problems;

public sealed partial class OpenApiTests(SharedApp shared) : Scenario(shared)
{
    [Fact]
    public async Task Document_is_valid_OpenAPI()
    {
        var text = (await App.Anybody.GetAsync("api/openapi.json")).Body;

        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var result = await OpenApiDocument.LoadAsync(stream, "json", cancellationToken: Cancellation);

        Assert.Empty(result.Diagnostic!.Errors.Select(error => error.ToString()));
        Assert.Empty(result.Diagnostic.Warnings.Select(warning => warning.ToString()));
        Assert.NotEmpty(result.Document!.Paths);
        Assert.Empty(result.Document.Validate(ValidationRuleSet.GetDefaultRuleSet()));
    }

    [Fact]
    public async Task Document_lists_every_HTTP_function_with_its_methods()
    {
        var calls = await App.GetCallsAsync();

        // The built assembly itself says which functions there are.
        var functions = ReadHttpFunctions().ToList();

        Assert.NotEmpty(functions);
        Assert.All(functions, function =>
        {
            var path = "/api/" + Constraint().Replace(function.Route, "{$1}");
            var described = calls.Where(call => call.Path == path).ToList();
            Assert.Contains(described, call => call.Id.StartsWith(function.Name, StringComparison.Ordinal));
            Assert.All(function.Methods, method => Assert.Contains(described, call => call.Method == HttpMethod.Parse(method)));
        });
        Assert.Equal(calls.Count, calls.Select(call => call.Id).Distinct().Count());
    }

    private static IEnumerable<(string Name, string Route, IReadOnlyList<string> Methods)> ReadHttpFunctions()
    {
        var folder = Path.GetDirectoryName(BuiltPrograms.Host)!;
        var known = Directory.GetFiles(folder, "*.dll")
            .Concat(AppDomain.CurrentDomain.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!.ToString()!.Split(Path.PathSeparator))
            .DistinctBy(Path.GetFileName);
        using var context = new MetadataLoadContext(new PathAssemblyResolver(known));
        foreach (var method in context.LoadFromAssemblyPath(BuiltPrograms.Host).GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)))
        {
            var function = method.GetCustomAttributesData().SingleOrDefault(data => data.AttributeType.Name == "FunctionAttribute");
            var trigger = method.GetParameters().SelectMany(parameter => parameter.GetCustomAttributesData())
                .SingleOrDefault(data => data.AttributeType.Name == "HttpTriggerAttribute");
            var hidden = method.GetCustomAttributesData().Any(data => data.AttributeType.Name == "EndpointAttribute"
                && data.NamedArguments.Any(argument => argument.MemberName == "Hidden" && argument.TypedValue.Value is true));
            if (function is not null && trigger is not null && !hidden)
            {
                yield return (
                    (string)function.ConstructorArguments[0].Value!,
                    (string)trigger.NamedArguments.Single(argument => argument.MemberName == "Route").TypedValue.Value!,
                    [.. trigger.ConstructorArguments.Select(argument => argument.Value)
                        .OfType<IEnumerable<CustomAttributeTypedArgument>>()
                        .SelectMany(values => values).Select(value => (string)value.Value!)]);
            }
        }
    }

    [GeneratedRegex(@"\{([^}:?]+)[:?][^}]*\}")]
    private static partial Regex Constraint();
}
