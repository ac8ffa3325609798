using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Functions.Tests;

/// <summary>
/// functions.txt lists every function with its trigger: what hosts, callers, queues and orchestrations under way know them by.
/// The application's assemblies must have just these, and so must what the Functions SDK generated from them.
/// </summary>
public sealed class FunctionListTests
{
    private const string ListFile = "tests/functions/functions.txt";
    private const string Assemblies = "the application's assemblies";
    private const BindingFlags EveryMethod = BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly string Root = FindRoot();

    /// <summary>The assemblies and, unless the sources have changed since, the lists generated when last built for Azure.</summary>
    public static TheoryData<string> Places
    {
        get
        {
            var changed = Sources.Max(File.GetLastWriteTimeUtc);
            return
            [
                Assemblies,
                .. Files("functions", "functions.metadata")
                    .Where(file => File.GetLastWriteTimeUtc(file) > changed)
                    .Select(file => Path.GetRelativePath(Root, file)),
            ];
        }
    }

    private static IEnumerable<string> Sources =>
        Files("functions", "*.cs").Concat(Files("orchestrations", "*.cs"))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Places))]
    public void Functions_are_those_of_the_list(string place)
    {
        var functions = (place == Assemblies ? OfAssemblies() : FunctionLine.Generated(File.ReadAllText(Path.Combine(Root, place))))
            .ToHashSet(StringComparer.Ordinal);
        var listed = File.ReadLines(Path.Combine(Root, ListFile))
            .Where(line => line.Length > 0 && !line.StartsWith('#'))
            .ToHashSet(StringComparer.Ordinal);

        string[] differences =
        [
            .. functions.Except(listed).Order(StringComparer.Ordinal).Select(line => $"add this line:    {line}"),
            .. listed.Except(functions).Order(StringComparer.Ordinal).Select(line => $"remove this line: {line}"),
        ];
        Assert.True(
            differences.Length == 0,
            $"""
            {ListFile} and {place} differ. If that is meant, since callers and orchestrations under way know functions by these lines:
            {string.Join(Environment.NewLine, differences)}
            """);
    }

    [Fact]
    public void Generated_metadata_reads_as_the_lines_of_the_list()
    {
        const string Metadata = """
            [
              { "name": "A", "bindings": [
                { "name": "request", "type": "httpTrigger", "authLevel": "Anonymous", "methods": ["get", "post"], "route": "a/{id}" },
                { "name": "client", "type": "durableClient" }, { "name": "$return", "type": "http" } ] },
              { "name": "B", "bindings": [ { "name": "request", "type": "httpTrigger", "authLevel": "Function" } ] },
              { "name": "C", "bindings": [ { "name": "timer", "type": "timerTrigger", "schedule": "0 0 * * * *" } ] },
              { "name": "D", "bindings": [ { "name": "messages", "type": "serviceBusTrigger", "queueName": "q",
                "connection": "Bus", "autoCompleteMessages": false, "cardinality": "Many" } ] },
              { "name": "E", "bindings": [ { "name": "context", "type": "orchestrationTrigger" } ] },
              { "name": "F", "bindings": [ { "name": "input", "type": "activityTrigger" } ] }
            ]
            """;

        Assert.Equal(
            [
                "http A: GET|POST a/{id}, Anonymous",
                "http B: ANY B, Function",
                "timer C: 0 0 * * * *",
                "queue D: q of Bus, Many, completed by the function",
                "orchestrator E",
                "activity F",
            ],
            FunctionLine.Generated(Metadata));
    }

    private static IEnumerable<string> OfAssemblies() =>
        from assembly in (Assembly[])[typeof(Composition).Assembly, typeof(OperationStarter).Assembly]
        from type in assembly.GetTypes()
        from method in type.GetMethods(EveryMethod)
        where method.IsDefined(typeof(FunctionAttribute))
        select FunctionLine.Of(method);

    private static string[] Files(string folder, string pattern) =>
        Directory.GetFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "WebHost.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} lies in no working copy.");
        }

        return folder.FullName;
    }
}
